"""The methods over Europe: the same estimator of background errors in both spaces, the same minimiser.

    model space     B   = s s^T * (C * rho)        of  e = x_f - x_t
    latent space    B_z = s_z s_z^T * (C_z * rho)   of  e_z = E(x_f) - E(x_t)
    diagonal        diag(s_z^2)

from the same days (:mod:`latentda.priors.localized`); as published, B_z is diagonal and the analysis decoded whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation import GaussNewton, Variational
from latentda.assimilation.intake import Intake
from latentda.fields import Standardizer
from latentda.networks import PatchAutoencoder
from latentda.operators import Covariance, Diagonal, Ensemble, Scaled
from latentda.priors import (
    Form,
    LatentPrior,
    ModelSpacePrior,
    background_draws,
    encode_pairs,
    errors_from_pairs,
    estimate_localized,
    token_places,
)

ITERATIONS = 40
OUTER_LOOPS = 2
"""Budget of every method: a decoder is not quite linear at the size of these background errors."""

DIAGONAL = ("latent_3dvar_diagonal", "latent_3dvar_published")


@dataclass(frozen=True)
class Size:
    """What is tuned of a background error.

    Attributes:
        radius_km: where the correlations end; of no effect on a diagonal one.
        factor: on the variances.
    """

    radius_km: float
    factor: float


@dataclass(frozen=True, eq=False)
class ErrorSamples:
    """Forecast errors in both spaces, mean-free.

    Attributes:
        model: of standardised anomalies.
        latent: of their codes.
    """

    model: Float[ndarray, "sample channel lat lon"]
    latent: Float[ndarray, "sample latent row column"]


def error_samples(pairs: Float[ndarray, "pair 2 channel lat lon"], code: PatchAutoencoder) -> ErrorSamples:
    """The errors behind pairs (truth, forecast), and those of their codes."""
    return ErrorSamples(errors_from_pairs(pairs), errors_from_pairs(encode_pairs(pairs, code)))


def build_method(
    name: str, size: Size, samples: ErrorSamples, standardizer: Standardizer, code: PatchAutoencoder
) -> Variational | None:
    """The analysis method of a name; None for the run without assimilation."""
    if name == "free_run":
        return None
    grid = standardizer.layout.grid
    prior: ModelSpacePrior | LatentPrior
    if name == "3dvar":
        error = estimate_localized(
            samples.model,
            np.asarray(grid.latitude),
            np.asarray(grid.longitude),
            localization_radius_km=size.radius_km,
        )
        prior = ModelSpacePrior(_scaled(error, size))
    else:
        form: Form = "published" if name == "latent_3dvar_published" else "increment"
        prior = LatentPrior(code, _scaled(_latent_error(name, size, samples, standardizer, code), size), form=form)
    return Variational(prior, standardizer, minimiser=GaussNewton(ITERATIONS, OUTER_LOOPS))


def build_intake(samples: ErrorSamples, standardizer: Standardizer, factor: float = 1.0) -> Intake:
    """The intake that all methods share, with draws of the model-space errors.

    There are no surface data, so that the height of the ground does not matter.
    """
    layout = standardizer.layout
    errors = Ensemble(jnp.asarray(samples.model - samples.model.mean(axis=0)))
    draws = np.asarray(background_draws(ModelSpacePrior(errors), jnp.zeros(layout.shape), jax.random.key(0)))
    scale = np.asarray(standardizer.scale)[:, None, None]
    return Intake(layout, np.zeros(layout.grid.shape), draws * scale).scaled(factor)


def _latent_error(
    name: str, size: Size, samples: ErrorSamples, standardizer: Standardizer, code: PatchAutoencoder
) -> Covariance:
    if name in DIAGONAL:
        return Diagonal(jnp.asarray(samples.latent.std(axis=0, ddof=1)))
    rows, columns = token_places(standardizer.layout.grid, code.settings.patch)
    return estimate_localized(samples.latent, rows, columns, localization_radius_km=size.radius_km)


def _scaled(covariance: Covariance, size: Size) -> Covariance:
    return Scaled(covariance, jnp.float32(size.factor))
