"""The embedded world: SPEEDY physics on a spectral core, T31 with 8 sigma levels, in JAX.

A real moist global atmosphere (96 x 48 Gaussian grid, orography, sea, ice, seasons) that needs no
download, runs more than a simulated day a second on a laptop core and can be differentiated.

State: u, v, T on 8 sigma levels, q on the lower 6 (it is exactly zero above), surface pressure:
31 channels. Sources: Molteni (2003), doi 10.1007/s00382-002-0268-2 (SPEEDY); the `jcm` package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.forecast.embedded.jcm_world import (
    MOIST_LEVELS,
    REFERENCE_PRESSURE,
    SIGMA,
    World,
    build_world,
    fields_from_native,
)
from latentda.grid import Hours, Layout, SigmaLevels, build_layout, gaussian_grid, lead_steps
from latentda.physics.constants import GRAVITY
from latentda.user_error import UserError

IMPERFECT_PHYSICS: Mapping[str, float] = {
    "convection.trcnv": 9.0,
    "convection.rhbl": 0.85,
    "condensation.rhlsc": 0.86,
    "surface_flux.cds": 1.3e-3,
    "surface_flux.cdl": 3.2e-3,
    "vertical_diffusion.trshc": 9.0,
    "mod_radcon.albsea": 0.09,
    "shortwave_radiation.albcl": 0.38,
}
"""Parameters of the second model, the imperfect one of fraternal-twin experiments."""


def jcm_layout() -> Layout:
    """The 31 channels of the embedded world on its 48 x 96 Gaussian grid."""
    on_levels = {"u": SIGMA, "v": SIGMA, "t": SIGMA, "q": MOIST_LEVELS}
    return build_layout(gaussian_grid(48, 96), SigmaLevels(SIGMA), on_levels, ["sp"])


@jax.tree_util.register_static
@dataclass(frozen=True)
class JcmModel:
    """The embedded world as a :class:`~latentda.forecast.model.ForecastModel`.

    A pytree without leaves, equal by its settings: what it builds stays with it, and all that are equal share one
    compilation.

    Attributes:
        physics: changed SPEEDY parameters, ``{"convection.trcnv": 9.0}``; none for the true world.
        time_step_minutes: the integration's step.
        step_hours: leads are multiples of this.
    """

    physics: tuple[tuple[str, float], ...] = ()
    time_step_minutes: float = 30.0
    step_hours: int = 6

    differentiable: ClassVar[bool] = True

    @cached_property
    def layout(self) -> Layout:
        """The 31-channel layout."""
        return jcm_layout()

    @cached_property
    def surface_geopotential(self) -> np.ndarray:
        """Geopotential of the orography that the core integrates (m2 s-2), ``(lat, lon)``.

        The core smooths the file's orography to its truncation, which moves it by 155 m (root mean square).
        """
        world = self._world.model
        orography = world.coords.horizontal.to_nodal(world.dycore._truncated_orography)
        return np.asarray(orography).T * GRAVITY

    @cached_property
    def _world(self) -> World:
        return build_world(self.physics, self.time_step_minutes)

    def propagate(
        self,
        state: Float[ArrayLike, "channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "lead channel lat lon"]:
        """Integrate from grid-point fields.

        Tangent linear and adjoint are those of JAX. Where a scheme switches, SPEEDY gives the slope of a smooth switch,
        and the limit that keeps humidity from falling below zero passes gradients straight through. What derivatives
        cost, and how far they follow differences of forecasts: ``docs/benchmarks.md``.
        """
        lead_steps(lead_hours, self.step_hours)
        return self._propagate(jnp.asarray(state), jnp.int32(start_hours), tuple(lead_hours))

    def propagate_members(
        self,
        states: Float[ArrayLike, "member channel lat lon"],
        start_hours: Hours,
        lead_hours: tuple[int, ...],
    ) -> Float[Array, "member lead channel lat lon"]:
        """Integrate members; side by side on an accelerator, one after the other on a CPU."""
        lead_steps(lead_hours, self.step_hours)
        return self._propagate_members(jnp.asarray(states), jnp.int32(start_hours), tuple(lead_hours))

    @partial(jax.jit, static_argnames=("self", "lead_hours"))
    def _propagate_members(self, states: Array, start_hours: Array, lead_hours: tuple[int, ...]) -> Array:
        batch = 1 if jax.default_backend() == "cpu" else states.shape[0]
        return jax.lax.map(lambda state: self._propagate(state, start_hours, lead_hours), states, batch_size=batch)

    @partial(jax.jit, static_argnames=("self", "lead_hours"))
    def _propagate(self, state: Array, start_hours: Array, lead_hours: tuple[int, ...]) -> Array:
        steps = lead_steps(lead_hours, self.step_hours)
        native = self._world.native_from_fields(state)
        if steps[-1] == 0:
            return state[None]
        _, fields = self._world.integrate(native, start_hours, self.step_hours * steps[-1], every=self.step_hours)
        later = fields_from_native(fields)
        return jnp.stack([later[k - 1] if k else state for k in steps])

    def surface_pressure(
        self,
        state: Float[ArrayLike, "channel lat lon"],
        start_hours: Hours,
        hours: int = 12,
        every_hours: float = 0.5,
    ) -> Float[Array, "time lat lon"]:
        """Surface pressure (Pa) at 0, ``every_hours``, ..., ``hours`` of a forecast.

        The first is that of the spectral state which the fields become, so that a difference between two times
        is the model's own.

        Raises:
            UserError: an interval that is no multiple of the model's step, or does not divide ``hours``.
        """
        step = self.time_step_minutes / 60.0
        if every_hours <= 0 or every_hours % step or hours <= 0 or hours % every_hours:
            raise UserError(
                f"Surface pressure comes in multiples of {step:g} h that divide the length of the forecast; "
                f"got {every_hours:g} h in {hours:g} h."
            )
        return self._surface_pressure(jnp.asarray(state), jnp.int32(start_hours), hours, every_hours)

    @partial(jax.jit, static_argnames=("self", "hours", "every_hours"))
    def _surface_pressure(self, state: Array, start_hours: Array, hours: int, every_hours: float) -> Array:
        native = self._world.native_from_fields(state)
        first = self._world.model.dycore.to_physics_state(native).normalized_surface_pressure
        _, fields = self._world.integrate(native, start_hours, hours, every=every_hours)
        pressure = jnp.concatenate([first[None], fields.normalized_surface_pressure])
        return REFERENCE_PRESSURE * jnp.swapaxes(pressure, -1, -2)


def jcm_model(*, imperfect: bool = False) -> JcmModel:
    """The embedded world, or its imperfect twin with changed physics parameters."""
    return JcmModel(tuple(sorted(IMPERFECT_PHYSICS.items())) if imperfect else ())
