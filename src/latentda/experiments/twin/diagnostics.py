"""Diagnostics of the analyses from which forecasts start: what is recorded beside the errors of those forecasts.

A diagnostic is a function of a model, a state and its time that gives a number or a series of numbers; its name is its
key in the run's record. It is called once for every forecast, on the analysis from which that starts, and, as the
reference, on the true state of the same time, recorded under ``truth_`` and its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.experiments.twin.record import Diagnostics
from latentda.forecast import ForecastModel
from latentda.verification import SurfacePressureModel, kinetic_energy_spectrum, state_balance, surface_pressure_noise

State = Float[ndarray, "channel lat lon"]


@runtime_checkable
class DiagnosedModel(ForecastModel, SurfacePressureModel, Protocol):
    """A forecast model that tells its orography, and its surface pressure between its steps."""

    @property
    def surface_geopotential(self) -> Float[ndarray, "lat lon"]:
        """Of its orography (m2 s-2)."""


Diagnostic = Callable[[DiagnosedModel, State, int], float | list[float]]
"""``diagnostic(model, physical state, hours since 1970)``."""


def pressure_noise(model: DiagnosedModel, state: State, hours: int) -> list[float]:
    """Mean absolute tendency of surface pressure (hPa / 3 h) in every half hour of the first 12 h."""
    return surface_pressure_noise(model, state, np.int32(hours)).hpa_per_3h.tolist()


def geostrophic_misfit(model: DiagnosedModel, state: State, hours: int) -> float:
    """|V - V_g| / |V| over middle and high latitudes and all levels; no units."""
    return state_balance(state, model.layout, model.surface_geopotential).geostrophic_mean


def gradient_wind_misfit(model: DiagnosedModel, state: State, hours: int) -> float:
    """The same for gradient-wind balance."""
    return state_balance(state, model.layout, model.surface_geopotential).gradient_mean


def kinetic_energy(model: DiagnosedModel, state: State, hours: int) -> list[float]:
    """Kinetic energy (m2 s-2) a total wavenumber, mean over the levels."""
    layout = model.layout
    u, v = (state[layout.indices(name)] for name in ("u", "v"))
    return kinetic_energy_spectrum(u, v, layout.grid).total.mean(axis=0).tolist()


DIAGNOSTICS: Mapping[str, Diagnostic] = {
    "surface_pressure_noise": pressure_noise,
    "geostrophic_misfit": geostrophic_misfit,
    "gradient_wind_misfit": gradient_wind_misfit,
    "kinetic_energy": kinetic_energy,
}
"""Diagnostics by name, all of which every cycled experiment records."""


def diagnose(model: ForecastModel, analysis: State, truth: State, hours: int) -> Diagnostics:
    """All diagnostics of an analysis and of the truth of its time; none where the model cannot be asked."""
    if not isinstance(model, DiagnosedModel):
        return {}
    found: dict[str, float | list[float]] = {}
    for name, diagnostic in DIAGNOSTICS.items():
        found[name] = diagnostic(model, analysis, hours)
        found[f"truth_{name}"] = diagnostic(model, truth, hours)
    return found
