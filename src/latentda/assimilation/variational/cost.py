"""The one cost function: a prior, observation terms and a window compose into it.

    J(v) = 1/2 |v|^2 + 1/2 sum_k | R_k^(-1/2) ( H_k( M_k( x(v) ) ) - y_k ) |^2

v is white; x(v) is the prior's map to a state of standardised anomalies; M_k the forecast to slot k of the window (the
identity in 3-D; with a weak constraint it has a part of v to itself; in 4DEnVar x(v) is a state at every slot, and M_k
takes the k-th); H_k the observation operator on physical fields; R_k diagonal, or correlated along the ascents of
soundings. With a Huber limit the square of a datum's misfit becomes the Huber norm. Every variational method of the
package minimises this and nothing else.

Source: Lorenc (1986), doi 10.1002/qj.49711247414; notation of Ide et al. (1997), doi 10.2151/jmsj1965.75.1B_181.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
import optax
from jaxtyping import Array, Float, Int
from numpy import ndarray

from latentda.assimilation.term import ObservationTerm
from latentda.assimilation.variational.prior import Prior
from latentda.assimilation.variational.window import Window
from latentda.fields import Standardizer
from latentda.operators import Control


class CostParts(NamedTuple):
    """J = background + observations."""

    background: Float[Array, ""]
    observations: Float[Array, ""]


class CostFunction(eqx.Module):
    """J(v) for one background, one window and its observations; a pytree, so that it can be an argument.

    Attributes:
        prior: x(v).
        anchor: the prior's anchor of this background.
        window: M_k.
        terms: the observations of each slot, in the window's order.
        standardizer: from anomalies to the physical fields that H and M want.
        start_hours: valid time of v, hours since 1970.
    """

    prior: Prior
    anchor: Any
    window: Window
    terms: tuple[ObservationTerm, ...]
    standardizer: Standardizer
    start_hours: Any

    def __call__(self, control: Control) -> Float[Array, ""]:
        """J(v)."""
        parts = self.parts(control)
        return parts.background + parts.observations

    def zero_control(self) -> Control:
        """v = 0: the prior's, or with a window that has its own a pair of both."""
        start, within = self.prior.zero_control(), self.window.zero_control()
        return start if within is None else (start, within)

    def _split(self, control: Control) -> tuple[Control, Control | None]:
        return (control, None) if self.window.zero_control() is None else control

    def parts(self, control: Control) -> CostParts:
        """The two halves of J(v)."""
        background, misfit = self.residual(control)
        return CostParts(0.5 * optax.tree.norm(background, squared=True), 0.5 * optax.tree.norm(misfit, squared=True))

    def residual(self, control: Control) -> tuple[Control, list[Float[Array, " datum"]]]:
        """r(v) = (v, R^(-1/2) (H(M(x(v))) - y)), so that J = 1/2 |r|^2; with a Huber limit the Huber residuals."""
        departures = self.departures(self.trajectory(control))
        return control, [term.residual(d) for term, d in zip(self.terms, departures, strict=True)]

    def state(self, control: Control) -> Float[Array, "*slot channel lat lon"]:
        """x(v) at the window's start, or in 4DEnVar at its slots, standardised anomalies."""
        return self.prior.state(self.anchor, self._split(control)[0])

    def trajectory(self, control: Control) -> Float[Array, "slot channel lat lon"]:
        """M_k(x(v)), physical units."""
        return self.forecast(self.state(control), self._split(control)[1])

    def forecast(
        self, state: Float[Array, "*slot channel lat lon"], within: Control | None = None
    ) -> Float[Array, "slot channel lat lon"]:
        """M_k(x) of anomalies x(v), physical units; without ``within`` the model's own.

        Raises:
            ValueError: x is of other slots than the window.
        """
        to_physical, hours = self.standardizer.to_physical, self.start_hours
        if state.ndim > 3:
            to_physical, hours = jax.vmap(to_physical), hours + self._leads(len(state))
        return self.window.trajectory(to_physical(state, hours), self.start_hours, within)

    def _leads(self, states: int) -> Int[ndarray, " slot"]:
        leads = self.window.lead_hours
        if states != len(leads):
            raise ValueError(f"The window wants a state at each of its {len(leads)} slots; got {states}.")
        return np.asarray(leads, np.int32)

    def departures(self, slots: Float[Array, "slot channel lat lon"]) -> list[Float[Array, " datum"]]:
        """R_k^(-1/2) (H_k(x_k) - y_k) of every slot, for the states at the slots in physical units.

        Raises:
            ValueError: another number of observation terms than slots.
        """
        if len(slots) != len(self.terms):
            raise ValueError(f"The window has {len(slots)} slots, but there are observations for {len(self.terms)}.")
        return [term.departure(slots[k]) for k, term in enumerate(self.terms)]
