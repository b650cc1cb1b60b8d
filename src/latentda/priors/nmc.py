"""Samples of forecast error: from two forecasts of different lead valid at one time, or from an ensemble.

    e   = ( M_long(x(t - long)) - M_short(x(t - short)) ),   mean removed       the NMC method
    e_k = ( n / (n - 1) )^(1/2) ( x_k - mean over members ),   k = 1..n         of an ensemble

In standardised anomalies; encoded, E(M_long) - E(M_short), for a latent space. What the code leaves of e,

    r = e - ( D(E(M_long)) - D(E(M_short)) ),

is the part of the error that no latent increment can correct. The starts x are analyses of a cycling run, so that
analysis error and model error both are in the samples. The members of an ensemble scatter as the truth does about each
of them if the ensemble is reliable; the factor makes their squares, n of them about a mean of their own, unbiased.

Sources: Parrish & Derber (1992), doi 10.1175/1520-0493(1992)120<1747:TNMCSS>2.0.CO;2; of ensembles: Fisher (2003),
Background error covariance modelling, Proceedings of the ECMWF seminar on recent developments in data assimilation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.fields import Standardizer
from latentda.forecast import ForecastModel
from latentda.networks import Autoencoder
from latentda.operators import in_pieces
from latentda.user_error import UserError


def forecast_pairs(
    model: ForecastModel,
    standardizer: Standardizer,
    starts: Iterable[tuple[int, ndarray]],
    *,
    short: int = 24,
    long: int = 48,
) -> Iterator[tuple[ndarray, ndarray]]:
    """Pairs of forecasts (short, long) valid at one time, standardised anomalies.

    Args:
        model: the forecast model whose errors are wanted.
        standardizer: to anomalies.
        starts: (hours since 1970, physical state) in order of time, evenly spaced in steps that divide
            ``long - short``.
        short: the shorter lead (h).
        long: the longer lead (h).
    """
    waiting: dict[int, ndarray] = {}
    for hours, state in starts:
        at_short, at_long = np.asarray(model.propagate(state, hours, (short, long)))
        valid = hours + short
        if valid in waiting:
            yield _anomaly(standardizer, at_short, valid), waiting.pop(valid)
        waiting[hours + long] = _anomaly(standardizer, at_long, hours + long)


def errors_from_pairs(pairs: Float[ndarray, "pair 2 channel y x"]) -> Float[ndarray, "pair channel y x"]:
    """Mean-free differences long - short, of states or of their codes.

    Raises:
        UserError: fewer than two pairs.
    """
    if len(pairs) < 2:
        raise UserError(f"Error statistics need at least two pairs of forecasts; got {len(pairs)}.")
    difference = np.subtract(pairs[:, 1], pairs[:, 0], dtype=np.float32)
    difference -= difference.mean(axis=0)
    return difference


def member_pairs(
    members: Float[ndarray, "member channel lat lon"],
) -> Iterator[tuple[Float[ndarray, "channel lat lon"], Float[ndarray, "channel lat lon"]]]:
    """Pairs (mean, mean + e_k), whose differences are the errors e_k of an ensemble.

    Raises:
        UserError: fewer than two members.
    """
    count = len(members)
    if count < 2:
        raise UserError(f"The spread of an ensemble needs at least two members; got {count}.")
    mean = members.mean(axis=0)
    for member in members:
        yield mean, mean + np.sqrt(count / (count - 1), dtype=np.float32) * (member - mean)


def error_sizes(
    errors: Float[ndarray, "sample channel lat lon"], weights: Float[ndarray, "lat lon"]
) -> Float[ndarray, " channel"]:
    """Standard deviation of every channel of mean-free errors, over samples and, by weight, the area."""
    square = sum(np.einsum("scyx,yx->c", np.square(piece, dtype=np.float64), weights) for piece in in_pieces(errors))
    return np.sqrt(square / (len(errors) * weights.sum()))


def encode_pairs(
    pairs: Float[ndarray, "pair 2 channel lat lon"], code: Autoencoder
) -> Float[ndarray, "pair 2 latent row column"]:
    """E(x) of every state."""
    return np.stack([np.asarray(_encode(code, jnp.asarray(pair, jnp.float32))) for pair in pairs])


def unrepresented_errors(
    pairs: Float[ndarray, "pair 2 channel lat lon"],
    codes: Float[ndarray, "pair 2 latent row column"],
    code: Autoencoder,
) -> Float[ndarray, "pair channel lat lon"]:
    """Mean-free remainders r of the differences, which the code does not carry.

    Args:
        pairs: the forecasts.
        codes: of :func:`encode_pairs`.
        code: decodes them.

    Raises:
        UserError: fewer than two pairs.
    """
    carried = np.stack([np.asarray(_carried(code, jnp.asarray(pair))) for pair in codes])
    rest = errors_from_pairs(pairs)
    rest -= carried - carried.mean(axis=0)
    return rest


@eqx.filter_jit
def _encode(code: Autoencoder, states: Float[Array, "sample channel lat lon"]) -> Array:
    return jax.vmap(code.encode)(states)


@eqx.filter_jit
def _carried(code: Autoencoder, latents: Float[Array, "2 latent row column"]) -> Array:
    """D(z_2) - D(z_1)."""
    first, second = jax.vmap(code.decode)(latents)
    return second - first


def _anomaly(standardizer: Standardizer, state: ndarray, hours: int) -> ndarray:
    return np.asarray(standardizer.to_anomaly(state, np.int32(hours)))
