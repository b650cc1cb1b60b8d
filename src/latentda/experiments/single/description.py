"""The numbers of a single observation's increment: extremes, radii, energy, balance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from latentda.experiments.single.observation import SingleAnalysis
from latentda.figures.style import shown_units
from latentda.grid import Layout, datetime_of_hours, variable
from latentda.verification import BAND, increment_balance, increment_radius_km, total_energy

SHARES = (0.5, 0.9)
"""Shares of an increment's square whose radii are reported."""


def describe(made: SingleAnalysis, layout: Layout) -> dict[str, Any]:
    """The numbers of one increment, ready for JSON; units as shown in figures (g/kg, hPa)."""
    observation, background = made.observation, made.background
    energy = total_energy(made.increment, layout)
    total = sum(energy.values())
    shares = {short: part / total if total else 0.0 for short, part in energy.items()}
    return {
        "method": made.method,
        "background": background.name,
        "date": str(datetime_of_hours(background.hours)),
        "observation": {**vars(observation), "units": variable(observation.variable).units},
        "fitted_share": made.fitted,
        "minimisation": made.advice,
        "extremes": {short: _extremes(made.increment, layout, short) for short in layout.variables},
        "radius_km": _radii(made, layout),
        "energy_share": shares,
        "energy_share_of_other_variables": 1.0 - shares.get(observation.variable, 0.0),
        "balance": _balance(made, layout),
    }


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
        "units": {"kg kg-1": "g kg-1", "Pa": "hPa"}.get(variable(short).units, variable(short).units),
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
