"""The divergent wind that belongs to a decoded increment.

    chi' = G y + T ( chi - F y ),      everything else as decoded,

a matrix a total wavenumber; chi is the velocity potential on all levels and y the rest: streamfunction and every
other channel. F y is the part of chi that follows y in increments drawn from a latent background error, G y the one
that does so in samples of forecast error, and T carries what remains from its covariance S in the draws to that, E, in
the samples:

    T = S^(-1/2) ( S^(1/2) E S^(1/2) )^(1/2) S^(-1/2) ,      T S T^T = E,

of all such maps the one that changes chi least. Tapered correlations of tokens keep the large variances and lose how
wind and mass go together; the divergence so added is a small share of the wind and most of the gravity waves that a
forecast from the analysis sheds. This is to a latent prior what balance operators are to model-space ones.

Sources: balance operators: Derber & Bouttier (1999), doi 10.3402/tellusa.v51i2.12316; the map T: Olkin & Pukelsheim
(1982), doi 10.1016/0024-3795(82)90112-4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray
from numpy import ndarray

from latentda.files import fitting, read_arrays, write_arrays
from latentda.grid import Layout
from latentda.operators import BandLimit
from latentda.user_error import UserError

KIND = "divergent wind"

_RIDGE = 1e-3
"""Share of the mean variance added to matrices that are inverted; all in units of the samples' standard deviations."""


class DivergentWind(eqx.Module):
    """``divergent_wind(a)``: the map above, of what the band limit keeps of an increment.

    Attributes:
        band_limit: to spectral variables and back.
        matrices: (G - T F, T) a wavenumber in the order of the spectral variables, ``(n, level, variable)``.
    """

    band_limit: BandLimit
    matrices: Float[Array, "n level variable"]

    def __call__(self, increment: Float[Array, "channel lat lon"]) -> Float[Array, "channel lat lon"]:
        """The increment with its divergent wind; linear."""
        spectral = self.band_limit.to_spectral(increment)
        _, chi, _ = self.band_limit.variables
        return self.band_limit.to_grid(spectral.at[chi].set(jnp.einsum("nij,jmn->imn", self.matrices, spectral)))


def estimate_divergent_wind(
    errors: Iterable[Float[ArrayLike, "channel lat lon"]],
    draws: Iterable[Float[ArrayLike, "channel lat lon"]],
    band_limit: BandLimit,
) -> DivergentWind:
    """Estimate the matrices.

    Args:
        errors: samples of forecast error, mean-free.
        draws: increments drawn from the latent background error, about as many.
        band_limit: of their layout.
    """
    wanted, found = (_covariances(samples, band_limit) for samples in (errors, draws))
    _, chi, _ = band_limit.variables
    matrices = np.zeros((len(wanted), chi.stop - chi.start, wanted.shape[1]))
    matrices[:, :, chi] = np.eye(chi.stop - chi.start)
    # There is no velocity potential of wavenumber 0, nor of the last one, which winds alone have.
    for n in range(1, len(wanted) - 1):
        matrices[n] = _one_wavenumber(found[n], wanted[n], np.arange(chi.start, chi.stop))
    return DivergentWind(band_limit, jnp.asarray(matrices, jnp.float32))


def draw_increments(
    decode: Callable[[Array], Array],
    latents: Float[Array, "sample ..."],
    draw: Callable[[PRNGKeyArray], Array],
) -> Iterable[Array]:
    """D(z + d) - D(z) for latents z and draws d of a latent background error.

    Methods of Equinox modules are arguments of what is compiled, with their weights.
    """
    for number, latent in enumerate(latents):
        yield _increment(decode, draw, latent, jax.random.key(number))


def write_divergent_wind(wind: DivergentWind, path: str | Path, about: dict[str, Any] | None = None) -> None:
    """Write the matrices, whole or not at all."""
    write_arrays(path, KIND, {"matrices": wind.matrices}, {"about": about or {}})


def read_divergent_wind(path: str | Path, layout: Layout, scale: Float[ndarray, " channel"]) -> DivergentWind:
    """Read what :func:`write_divergent_wind` wrote, for a layout and its scales.

    Raises:
        UserError: the file is missing, damaged, or belongs to another layout.
    """
    band_limit = BandLimit(layout, scale)
    arrays, _ = read_arrays(path, KIND)
    with fitting(path, KIND):
        matrices = arrays["matrices"]
    expected = (band_limit.transform.spectral_shape[1], len(layout.levels_of("u")), len(layout.channels))
    if matrices.shape != expected:
        raise UserError(f"{path} is for {matrices.shape} matrices of another layout; this one needs {expected}.")
    return DivergentWind(band_limit, jnp.asarray(matrices))


@eqx.filter_jit
def _increment(
    decode: Callable[[Array], Array], draw: Callable[[PRNGKeyArray], Array], latent: Array, key: PRNGKeyArray
) -> Array:
    return decode(latent + draw(key)) - decode(latent)


@eqx.filter_jit
def _to_spectral(band_limit: BandLimit, sample: Array) -> Array:
    return band_limit.to_spectral(sample)


def _covariances(
    samples: Iterable[Float[ArrayLike, "channel lat lon"]], band_limit: BandLimit
) -> Float[ndarray, "n variable variable"]:
    """Of the spectral variables, summed over the harmonics of a total wavenumber."""
    total, count = np.zeros(()), 0
    for sample in samples:
        spectral = np.asarray(_to_spectral(band_limit, jnp.asarray(sample, jnp.float32)), np.float64)
        total = total + np.einsum("imn,jmn->nij", spectral, spectral, optimize=True)
        count += 1
    return total / count


def _one_wavenumber(found: ndarray, wanted: ndarray, chi: ndarray) -> Float[ndarray, "level variable"]:
    size = np.sqrt(np.maximum(np.diag(wanted), np.finfo(float).tiny))
    found, wanted = found / size / size[:, None], wanted / size / size[:, None]
    rest = np.setdiff1d(np.arange(len(size)), chi)
    (follows, left), (should_follow, should_be_left) = (_split(c, chi, rest) for c in (found, wanted))
    map_of_rest = _transport(left, should_be_left)
    matrix = np.zeros((len(chi), len(size)))
    matrix[:, chi] = map_of_rest
    matrix[:, rest] = should_follow - map_of_rest @ follows
    return size[chi][:, None] * matrix / size


def _split(covariance: ndarray, chi: ndarray, rest: ndarray) -> tuple[ndarray, ndarray]:
    """The regression of chi on the rest, and the covariance of what it leaves."""
    square, cross = _with_ridge(covariance[np.ix_(rest, rest)]), covariance[np.ix_(rest, chi)]
    regression = np.linalg.solve(square, cross).T
    left = covariance[np.ix_(chi, chi)] - regression @ cross
    return regression, 0.5 * (left + left.T)


def _transport(found: ndarray, wanted: ndarray) -> ndarray:
    """T of the equation above."""
    values, vectors = np.linalg.eigh(_with_ridge(found))
    root, inverse = (vectors * power @ vectors.T for power in (np.sqrt(values), 1.0 / np.sqrt(values)))
    values, vectors = np.linalg.eigh(root @ wanted @ root)
    return inverse @ (vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T) @ inverse


def _with_ridge(covariance: ndarray) -> ndarray:
    size = len(covariance)
    return covariance + _RIDGE * np.trace(covariance) / size * np.eye(size)
