"""Climatology: the seasonal and daily cycle of every channel at every grid point.

    c(t) = b_0 + sum_{k=1..A} (b_2k-1 cos k a + b_2k sin k a) + sum_{k=1..D} (d_2k-1 cos k h + d_2k sin k h)

with a = 2 pi (day of the year) / 365.2425 and h = 2 pi (hour UTC) / 24, fitted by least squares.
Anomalies from a per-point seasonal climatology are what the methods work on: a network need not spend
its latent on the annual cycle.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import TypeVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.grid import Hours

Phase = TypeVar("Phase", ndarray, Array)

HOURS_PER_YEAR = 24.0 * 365.2425


class Climatology(eqx.Module):
    """Harmonics of the annual and the daily cycle, a coefficient field a term.

    Attributes:
        coefficients: physical units, ``(term, channel, lat, lon)``.
        annual: number of annual harmonics A.
        diurnal: number of daily harmonics D.
    """

    coefficients: Float[Array, "term channel lat lon"]
    annual: int = eqx.field(static=True)
    diurnal: int = eqx.field(static=True)

    def mean(self, hours: Hours) -> Float[Array, "channel lat lon"]:
        """The climatological state at ``hours`` since 1970-01-01 00 UTC, physical units."""
        hours = jnp.asarray(hours)
        # Days and hours apart: float32 cannot count hours since 1970 to the phase of a day.
        phase_of_year = _year_phase(hours.astype(jnp.float32))
        phase_of_day = (hours % 24).astype(jnp.float32) / 24.0
        terms = _terms(jnp, phase_of_year, phase_of_day, self.annual, self.diurnal)
        return jnp.tensordot(terms, self.coefficients, axes=1)

    def means(self, hours: ndarray) -> Float[ndarray, "time channel lat lon"]:
        """The climatological states of several times, on the host."""
        return np.stack([np.asarray(self.mean(int(hour))) for hour in hours])


def fit_climatology(pieces: Iterable[tuple[ndarray, ndarray]], *, annual: int = 2, diurnal: int = 1) -> Climatology:
    """Least-squares harmonics from pieces ``(hours, states)``, one pass, bounded memory.

    Args:
        pieces: hours since 1970 ``(time,)`` and states ``(time, channel, lat, lon)``.
        annual: number of annual harmonics.
        diurnal: number of daily harmonics.

    Raises:
        ValueError: fewer states than terms, or sampled such that a harmonic cannot be told.
    """
    normal: ndarray | float = 0.0
    right: ndarray | float = 0.0
    count = 0
    for hours, states in pieces:
        design = _design(np.asarray(hours), annual, diurnal)
        normal = normal + design @ design.T
        right = right + np.tensordot(design, np.asarray(states, np.float64), axes=1)
        count += len(hours)
    terms = 1 + 2 * annual + 2 * diurnal
    if count < terms or np.linalg.matrix_rank(np.asarray(normal), tol=1e-6 * count) < terms:
        raise ValueError(
            f"{count} states cannot tell {terms} harmonics apart: give at least a year of states that "
            "sample the day at three or more hours, or ask for fewer harmonics."
        )
    solved = np.linalg.solve(normal, np.reshape(right, (terms, -1))).reshape(np.shape(right))
    return Climatology(jnp.asarray(solved, jnp.float32), annual, diurnal)


def _year_phase(hours: Array) -> Array:
    return (hours / HOURS_PER_YEAR) % 1.0


def _design(hours: ndarray, annual: int, diurnal: int) -> ndarray:
    year = (hours / HOURS_PER_YEAR) % 1.0
    return _terms(np, year, (hours % 24) / 24.0, annual, diurnal)


def _terms(xp: ModuleType, year: Phase, day: Phase, annual: int, diurnal: int) -> Phase:
    """The basis at a phase of the year and of the day, ``(term, ...)``."""
    rows = [xp.ones_like(year)]
    for count, phase in ((annual, year), (diurnal, day)):
        for k in range(1, count + 1):
            rows += [xp.cos(2 * np.pi * k * phase), xp.sin(2 * np.pi * k * phase)]
    return xp.stack(rows)
