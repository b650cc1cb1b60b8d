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

from latentda.assimilation import AnalysisMethod
from latentda.assimilation.intake import Intake
from latentda.fields import Standardizer
from latentda.forecast import ForecastModel, SurrogateModel
from latentda.grid import Layout
from latentda.methods import METHODS, Options
from latentda.networks import PatchAutoencoder
from latentda.observations import BelowGround, Duplicates, QualityControl, Range, Window
from latentda.operators import Covariance, Diagonal, Ensemble
from latentda.priors import ErrorForm, ModelSpacePrior, background_draws, encode_pairs, errors_from_pairs
from latentda.user_error import UserError
from latentda.workflows.analyst import Analyst
from latentda.workflows.assimilated import AssimilationSettings
from latentda.world import WorldSettings

ITERATIONS = 40
OUTER_LOOPS = 2
"""Budget of every method: a decoder is not quite linear at the size of these background errors."""

CHECKS = QualityControl((Range(), BelowGround(), Duplicates(), Window(3.0, 3.0)))
"""Of reports; nothing is thinned, since stations are few."""

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


@dataclass(frozen=True, eq=False)
class SampledWorld:
    """A world whose background errors are those of samples, localised.

    Attributes:
        standardizer: climatology and scales.
        code: the autoencoder.
        samples: of forecast errors.
        radius_km: where the correlations end; of no effect on a diagonal one.
        settings: its name.
    """

    standardizer: Standardizer
    code: PatchAutoencoder
    samples: ErrorSamples
    radius_km: float
    settings: WorldSettings = WorldSettings("europe", interval_hours=24)

    @property
    def layout(self) -> Layout:
        """That of the climatology."""
        return self.standardizer.layout

    @property
    def increment_code(self) -> PatchAutoencoder:
        """The autoencoder: nothing is added to its increments."""
        return self.code

    @property
    def model(self) -> ForecastModel:
        """None is asked for: every method here is of one time."""
        raise UserError("Methods over Europe are of one time: there is no window with a model.")

    latent_surrogate = model

    def error(self, name: str) -> Covariance:
        """The background error of model space, or of the code, structured or diagonal.

        Raises:
            KeyError: another name.
        """
        form = ErrorForm(self.layout, np.asarray(self.standardizer.scale), self.radius_km, smooth_sd=0.0)
        if name == "model":
            return form.model_space(self.samples.model)
        if name == "latent":
            return form.latent_space(self.samples.latent, self.code.settings.patch)
        if name == "latent_diagonal":
            return Diagonal(jnp.asarray(self.samples.latent.std(axis=0, ddof=1)))
        raise KeyError(name)


def build_method(
    name: str, size: Size, samples: ErrorSamples, standardizer: Standardizer, code: PatchAutoencoder
) -> AnalysisMethod:
    """The analysis method of a name."""
    world = SampledWorld(standardizer, code, samples, size.radius_km)
    return METHODS[name].build(world, Options(size.factor, ITERATIONS, OUTER_LOOPS))


def build_analyst(
    name: str, size: Size, samples: ErrorSamples, model: SurrogateModel, code: PatchAutoencoder, intake: Intake
) -> Analyst:
    """Who analyses reports with a method, screened by an intake that all methods share."""
    world = SampledWorld(model.standardizer, code, samples, size.radius_km)
    settings = AssimilationSettings(name, size.factor, ITERATIONS, OUTER_LOOPS, checks=CHECKS, representativeness=False)
    return Analyst(world, settings, model, intake)


def build_intake(samples: ErrorSamples, standardizer: Standardizer, factor: float = 1.0) -> Intake:
    """The intake that all methods share, with draws of the model-space errors.

    There are no surface data, so that the height of the ground does not matter.
    """
    layout = standardizer.layout
    errors = Ensemble(jnp.asarray(samples.model - samples.model.mean(axis=0)))
    draws = np.asarray(background_draws(ModelSpacePrior(errors), jnp.zeros(layout.shape), jax.random.key(0)))
    scale = np.asarray(standardizer.scale)[:, None, None]
    return Intake(layout, np.zeros(layout.grid.shape), draws * scale).scaled(factor)
