"""Climatology: the seasonal and daily cycle of every channel at every grid point.

    c(t) = b_0 + sum_{k=1..A} (b_2k-1 cos k a + b_2k sin k a) + sum_{k=1..D} (d_2k-1 cos k h + d_2k sin k h)

with a = 2 pi (day of the year) / 365.2425 and h = 2 pi (hour UTC) / 24, fitted by least squares.
Anomalies from a per-point seasonal climatology are what the methods work on: a network need not spend
its latent on the annual cycle.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from itertools import product
from types import ModuleType
from typing import TypeVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from latentda.grid import Hours, datetime_of_hours
from latentda.user_error import UserError

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


MOST_ANNUAL = 2
"""Annual harmonics that are fitted where the sample can tell them."""

MOST_DIURNAL = 1
"""Daily harmonics that are fitted where the sample can tell them."""

WELL_TOLD = 20.0
"""Condition number of the normal equations up to which harmonics count as told apart; evenly sampled ones have 2."""

REFUSED = 1e3
"""Condition number from which on a fit is refused: beyond the sample its mean is off by tens of deviations."""


def fit_climatology(
    pieces: Iterable[tuple[ndarray, ndarray]], *, annual: int | None = 2, diurnal: int | None = 1
) -> Climatology:
    """Least-squares harmonics from pieces ``(hours, states)``, one pass, bounded memory.

    Args:
        pieces: hours since 1970 ``(time,)`` and states ``(time, channel, lat, lon)``.
        annual: number of annual harmonics; None: two, or as many as the sample can tell apart, which is said.
        diurnal: number of daily harmonics; None: one, or none where the sample cannot tell it.

    Raises:
        UserError: fewer states than terms, or sampled such that a harmonic cannot be told.
    """
    most = MOST_ANNUAL if annual is None else annual, MOST_DIURNAL if diurnal is None else diurnal
    normal, right = np.zeros((_terms_of(*most),) * 2), np.zeros(())
    hours = np.zeros(0, np.int64)
    for when, states in pieces:
        design = _design(np.asarray(when), *most)
        normal = normal + design @ design.T
        right = right + np.tensordot(design, np.asarray(states, np.float64), axes=1)
        hours = np.append(hours, when)
    chosen = _most_told(normal, len(hours), most, annual, diurnal)
    _say(hours, normal, most, chosen)
    terms = _kept(most, chosen)
    solved = np.linalg.solve(normal[np.ix_(terms, terms)], np.reshape(right[terms], (len(terms), -1)))
    return Climatology(jnp.asarray(solved.reshape(-1, *right.shape[1:]), jnp.float32), *chosen)


def harmonics_told(hours: ndarray, annual: int | None = None, diurnal: int | None = None) -> tuple[int, int]:
    """How many annual and daily harmonics states at ``hours`` since 1970 can tell apart, at most so many."""
    most = MOST_ANNUAL if annual is None else annual, MOST_DIURNAL if diurnal is None else diurnal
    design = _design(np.asarray(hours), *most)
    return _most_told(design @ design.T, len(hours), most, None, None)


def _most_told(
    normal: ndarray, count: int, most: tuple[int, int], annual: int | None, diurnal: int | None
) -> tuple[int, int]:
    """The most harmonics that are well told; a number that was asked for stays."""
    years = range(most[0] + 1) if annual is None else [most[0]]
    days = range(most[1] + 1) if diurnal is None else [most[1]]
    ordered = sorted(product(years, days), key=lambda pair: (sum(pair), pair), reverse=True)
    for pair in ordered:
        if count >= 2 * _terms_of(*pair) and _condition(normal, most, pair) <= WELL_TOLD:
            return pair
    return ordered[-1]


def _say(hours: ndarray, normal: ndarray, most: tuple[int, int], chosen: tuple[int, int]) -> None:
    """Refuse, or warn of, harmonics that the sample can hardly tell apart; say which were left out."""
    terms, condition = _terms_of(*chosen), _condition(normal, most, chosen)
    if len(hours) < terms or not condition < REFUSED:
        raise UserError(
            f"{len(hours)} states cannot tell {terms} harmonics apart (condition number {condition:.2g}): give states "
            f"of a whole year that sample the day at three or more hours, or ask for fewer harmonics "
            f"(--annual and --diurnal, now {chosen[0]} and {chosen[1]})."
        )
    period = f"{len(hours)} states from {datetime_of_hours(hours.min())} to {datetime_of_hours(hours.max())}"
    if chosen != most:
        _warn(
            f"{period} cannot tell {most[0]} annual and {most[1]} daily harmonics apart (condition number "
            f"{_condition(normal, most, most):.2g}); {chosen[0]} annual and {chosen[1]} daily are fitted."
        )
    if condition > WELL_TOLD:
        _warn(
            f"{period} hardly tell {chosen[0]} annual and {chosen[1]} daily harmonics apart (condition number "
            f"{condition:.2g}): do not trust the climatology at seasons and hours that they lack."
        )


def _warn(sentence: str) -> None:
    warnings.warn(sentence, UserWarning, stacklevel=4)


def _condition(normal: ndarray, most: tuple[int, int], chosen: tuple[int, int]) -> float:
    """Condition number of the normal equations of some of the harmonics."""
    terms = _kept(most, chosen)
    return float(np.linalg.cond(normal[np.ix_(terms, terms)])) if normal[0, 0] else np.inf


def _kept(most: tuple[int, int], chosen: tuple[int, int]) -> list[int]:
    """Places of the chosen terms among the most."""
    first_daily = 1 + 2 * most[0]
    return [*range(1 + 2 * chosen[0]), *range(first_daily, first_daily + 2 * chosen[1])]


def _terms_of(annual: int, diurnal: int) -> int:
    return 1 + 2 * annual + 2 * diurnal


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
