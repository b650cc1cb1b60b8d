"""Ensemble filters on Lorenz-96.

Members start at draws of N(e_1, 0.001 I), as the truth does, independently of it. Inflation multiplies the
perturbations after the analysis; rotations keep mean and covariance. Radii r of the local filter are DAPPER's, of
a taper like a Gaussian of the points' distance that is exp(-1/2) at r.

Source: Sakov & Oke (2008), doi 10.1175/2007MWR2021.1, for the settings of the EnKF and ETKF.
"""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from latentda.assimilation import Window
from latentda.assimilation.ensemble import (
    ETKF,
    LETKF,
    EnKF,
    EnsembleAnalysis,
    EnsembleFilter,
    Multiplicative,
    periodic_taper,
    support_radius,
)
from latentda.experiments.lorenz96.setup import Lorenz96Twin, Method, observe


class FilterUpdate(eqx.Module):
    """One analysis of an ensemble filter.

    Attributes:
        filter: analysis, inflation, rotation.
        error: standard deviation of the observations.
    """

    filter: EnsembleFilter
    error: float = eqx.field(static=True)

    def __call__(self, forecast: Array, observed: Array, key: PRNGKeyArray) -> tuple[Array, Array]:
        """The forecast is the background."""
        departures = jax.vmap(observe(observed, self.error).departure)(forecast)
        return forecast, self.filter(forecast, departures, key)[0]


def ensemble_filter(
    analysis: Callable[[Lorenz96Twin], EnsembleAnalysis], inflation: float, rotated: bool
) -> Callable[[Lorenz96Twin, Window], FilterUpdate]:
    """A filter with multiplicative inflation; the window is that of a filter, an instant."""

    def build(twin: Lorenz96Twin, window: Window) -> FilterUpdate:
        del window
        made = EnsembleFilter(analysis(twin), Multiplicative(inflation), rotated)
        return FilterUpdate(made, twin.observation_variance**0.5)

    return build


def etkf(members: int, inflation: float, band: tuple[float, float], published: float) -> Method:
    """A row of the ETKF with rotations."""
    settings = f"N {members}, inflation {inflation}, rotated"
    return Method(settings, ensemble_filter(lambda _: ETKF(), inflation, True), band, published, members=members)


def letkf(members: int, inflation: float, r: float, band: tuple[float, float], published: float) -> Method:
    """A row of the LETKF with rotations and a taper like a Gaussian of width r points."""

    def analysis(twin: Lorenz96Twin) -> LETKF:
        return LETKF(jnp.asarray(periodic_taper(twin.model.points, support_radius(r)), float))

    settings = f"N {members}, inflation {inflation}, rotated, r {r:g}"
    return Method(settings, ensemble_filter(analysis, inflation, True), band, published, members=members)


FILTERS: dict[str, Method] = {
    "enkf-40": Method(
        "N 40, inflation 1.06", ensemble_filter(lambda _: EnKF(), 1.06, False), (0.21, 0.24), 0.22, members=40
    ),
    "etkf-20": etkf(20, 1.04, (0.19, 0.215), 0.20),
    "etkf-28": etkf(28, 1.02, (0.175, 0.20), 0.18),
    "letkf-7": letkf(7, 1.04, 4.0, (0.21, 0.24), 0.22),
    "letkf-10": letkf(10, 1.04, 6.0, (0.19, 0.22), 0.20),
}
"""Rows of the table, by name."""
