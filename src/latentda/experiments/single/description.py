"""The numbers of a single observation's increment: extremes, radii, energy, balance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from latentda.experiments.single.observation import SingleAnalysis
from latentda.figures.style import shown_units
from latentda.grid import Layout, datetime_of_hours, variable
from latentda.methods import METHODS
from latentda.user_error import UserError
from latentda.verification import BAND, increment_balance, increment_radius_km, total_energy

SHARES = (0.5, 0.9)
"""Shares of an increment's square whose radii are reported."""

EXPLAINED = (
    "σ_b is the standard deviation of the background error at the datum; half of the increment's square lies "
    "within the radius, elsewhere the energy of other variables."
)

_PLAIN = {"kg kg-1": "g kg-1", "Pa": "hPa"}
"""Units that are shown instead of SI's."""


def describe(made: SingleAnalysis, layout: Layout) -> dict[str, Any]:
    """The numbers of one increment, ready for JSON; units as shown in figures (g/kg, hPa)."""
    observation, background = made.observation, made.background
    energy = _energy(made.increment, layout)
    total = sum(energy.values())
    observed = layout.channels[made.channel].short
    shares = {short: part / total if total else 0.0 for short, part in energy.items()}
    return {
        "method": made.method,
        "background": background.name,
        "date": str(datetime_of_hours(background.hours)),
        "observation": {**vars(observation), "units": variable(observation.variable).units},
        "channel": layout.names[made.channel],
        "fitted_share": made.fitted,
        "background_error": _background_error(made),
        "minimisation": made.advice,
        "extremes": {short: _extremes(made.increment, layout, short) for short in layout.variables},
        "radius_km": _radii(made, layout),
        "energy_share": shares,
        "energy_share_of_other_variables": 1.0 - shares.get(observed, 0.0) if total else None,
        "balance": _balance(made, layout),
    }


def numbers_table(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """Heading and a row a method of the descriptions of one observation; :data:`EXPLAINED` says what is what."""
    return _header(rows[0]), [_numbers(one) for one in rows]


def _header(row: Mapping[str, Any]) -> list[str]:
    observed, increment = _shown(row["observation"]["units"])[1], row["extremes"][_short(row)]["units"]
    return [
        "method", f"σ_b ({observed})", "fitted %", f"min ({increment})", f"max ({increment})",
        "half within km", "elsewhere %", "|V - Vg|/|V|",
    ]  # fmt: skip


def _numbers(row: Mapping[str, Any]) -> list[Any]:
    extremes, balance, error = row["extremes"][_short(row)], row["balance"], row["background_error"]
    peak = "max_channel" if extremes["max"] >= -extremes["min"] else "min_channel"
    elsewhere = row["energy_share_of_other_variables"]
    return [
        METHODS[row["method"]].title,
        None if error is None else _shown(row["observation"]["units"])[0] * error,
        round(100.0 * row["fitted_share"]),
        extremes["min"],
        extremes["max"],
        round(row["radius_km"][extremes[peak]]["50 %"] or 0.0),
        None if elsewhere is None else round(100.0 * elsewhere),
        balance["geostrophic_misfit"] if balance else None,
    ]


def _short(row: Mapping[str, Any]) -> str:
    return str(row["channel"]).partition("@")[0]


def _shown(units: str) -> tuple[float, str]:
    """A factor to what is printed, and its units in plain letters."""
    return shown_units(units)[0], _PLAIN.get(units, units)


def _energy(increment: ndarray, layout: Layout) -> dict[str, float]:
    """By variable; of nothing where energy knows none of the state's."""
    try:
        return total_energy(increment, layout)
    except UserError:
        return {}


def _background_error(made: SingleAnalysis) -> float | None:
    """Standard deviation at the datum (SI) whose b / (b + r) is the share that was fitted; None where there is none."""
    share = made.fitted
    return made.observation.error * float(np.sqrt(share / (1.0 - share))) if 0.0 < share < 1.0 else None


def _extremes(increment: ndarray, layout: Layout, short: str) -> dict[str, Any]:
    channels = layout.indices(short)
    factor, _ = shown_units(layout.channels[channels[0]].variable.units)
    flat = factor * increment[channels].reshape(len(channels), -1)
    low, high = int(np.argmin(flat.min(1))), int(np.argmax(flat.max(1)))
    return {
        "min": float(flat.min()),
        "min_channel": layout.names[channels[low]],
        "max": float(flat.max()),
        "max_channel": layout.names[channels[high]],
        "units": _shown(variable(short).units)[1],
    }


def _radii(made: SingleAnalysis, layout: Layout) -> dict[str, dict[str, float | None]]:
    place = made.observation.latitude, made.observation.longitude
    by_share = {s: increment_radius_km(made.increment, layout.grid, *place, share=s) for s in SHARES}
    return {
        name: {f"{100 * s:.0f} %": float(r[i]) if np.isfinite(r[i]) else None for s, r in by_share.items()}
        for i, name in enumerate(layout.names)
    }


def _balance(made: SingleAnalysis, layout: Layout) -> dict[str, Any] | None:
    """Geostrophic and gradient-wind misfit of the increment; None where there is nothing to balance."""
    if not BAND[0] <= abs(made.observation.latitude) <= BAND[1]:
        return None
    background = made.background.state.astype(np.float64)
    try:
        misfit = increment_balance(background + made.increment, background, layout)
    except ValueError:
        # Layouts without winds and masses on the same levels.
        return None
    return {
        "geostrophic_misfit": misfit.geostrophic_mean,
        "gradient_wind_misfit": misfit.gradient_mean,
        "geostrophic_misfit_by_level": dict(zip(map(str, misfit.levels), misfit.geostrophic.tolist(), strict=True)),
    }
