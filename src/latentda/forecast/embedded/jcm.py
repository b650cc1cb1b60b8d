"""The embedded world: SPEEDY physics on a spectral core, T31 with 8 sigma levels, in JAX.

A real moist global atmosphere (96 x 48 Gaussian grid, orography, sea, ice, seasons) that needs no
download, runs more than a simulated day a second on a laptop core and can be differentiated.

State: u, v, T on 8 sigma levels, q on the lower 6 (it is exactly zero above), surface pressure:
31 channels. Sources: Molteni (2003), doi 10.1007/s00382-002-0268-2 (SPEEDY); the `jcm` package.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.grid import Hours, Layout, SigmaLevels, build_layout, gaussian_grid, lead_steps
from latentda.physics.constants import GRAVITY
from latentda.user_error import UserError

SIGMA = (0.025, 0.095, 0.2, 0.34, 0.51, 0.685, 0.835, 0.95)
"""Full levels of the eight-level SPEEDY atmosphere."""

MOIST_LEVELS = SIGMA[2:]
"""Levels that carry humidity."""

REFERENCE_PRESSURE = 1.0e5
"""Pressure (Pa) by which the model divides surface pressure."""

STORED_HOURS = 24
"""Derivatives of runs up to this long keep something of every step; of longer ones each piece between two saved states
is computed again."""

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
    def _world(self) -> _World:
        return _build_world(self.physics, self.time_step_minutes)

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


@dataclass(frozen=True, eq=False)
class _World:
    """The jcm objects behind a model: built once, then only used inside compiled code."""

    model: Any
    forcing: Any
    terrain: Any

    def native_from_fields(self, state: Array) -> Any:
        """The spectral state of grid-point fields."""
        from jcm.physics_interface import PhysicsState

        u, v, t, q, pressure = _split(state)
        dry = jnp.zeros((len(SIGMA) - len(MOIST_LEVELS), *q.shape[1:]), q.dtype)
        fields = PhysicsState(u, v, t, jnp.concatenate([dry, q]), jnp.zeros_like(t), pressure / REFERENCE_PRESSURE)
        return self.model.initial_state(fields)

    @partial(jax.jit, static_argnames=("self", "hours", "every"))
    def integrate(
        self, native: Any, start_hours: Any, hours: int, carry: Any = None, every: float = 6
    ) -> tuple[Any, Any]:
        """Run ``hours`` from a spectral state, saving every ``every`` h: (final, grid-point fields).

        A derivative keeps the products of matrices (the spectral transforms) of every step and computes the rest again.
        One loop holds all steps: what a loop within a loop keeps is copied from the one to the other.
        """
        import jax_datetime as jdt
        from jcm.date import DateData
        from jcm.model import RunState

        advance = self.model._get_op_split_step_fn(self.forcing)
        seconds = int(self.model.dt_si.m)
        start = jnp.int32(start_hours)
        clock = jdt.Datetime(jdt.Timedelta(days=start // 24, seconds=(start % 24) * 3600))
        if carry is None:
            carry = self.model.initial_physics_carry()

        def step(run: Any, _: None) -> tuple[Any, Any]:
            dynamics, physics = advance(run.dynamics, run.physics, DateData(run.time, run.step, seconds))
            later = run.time + jdt.Timedelta(seconds=jnp.int32(seconds))
            return RunState(dynamics, physics, later, run.step + jnp.int32(1)), dynamics

        kept = jax.checkpoint(step, policy=jax.checkpoint_policies.dots_saveable, prevent_cse=False)
        stride = round(every * 3600) // seconds

        def piece(run: Any, _: None, steps: int = stride) -> tuple[Any, Any]:
            run, spectral = jax.lax.scan(kept, run, length=steps)
            saved = jax.tree.map(lambda x: x[stride - 1 :: stride], spectral)
            return run, jax.lax.map(lambda x: self.model._post_process(x, {}, output_averages=True).dynamics, saved)

        begin, pieces = RunState(native, carry, clock, jnp.int32(0)), round(hours / every)
        if hours <= STORED_HOURS:
            return piece(begin, None, pieces * stride)
        run, fields = jax.lax.scan(jax.checkpoint(piece, prevent_cse=False), begin, length=pieces)
        return run, jax.tree.map(lambda x: x[:, 0], fields)


def _build_world(physics: tuple[tuple[str, float], ...], time_step_minutes: float) -> _World:
    """Everything that a model of jcm consists of.

    Raises:
        UserError: jcm is not installed.
    """
    if find_spec("jcm") is None:
        raise UserError("The embedded world is not installed: pip install 'latentda[world]'.")
    import jcm
    from jcm.forcing import ForcingData
    from jcm.model import Model
    from jcm.physics.speedy.speedy_coords import get_speedy_coords
    from jcm.physics.speedy.speedy_terms import speedy_physics
    from jcm.terrain import TerrainData

    climatology = Path(jcm.__file__).parent / "data" / "bc" / "t30" / "clim"
    with warnings.catch_warnings(), jax.ensure_compile_time_eval():
        warnings.simplefilter("ignore")
        coordinates = get_speedy_coords(spectral_truncation=31)
        terrain = TerrainData.from_file(climatology / "terrain.nc", coordinates)
        forcing = ForcingData.from_file(climatology / "forcing.nc", coords=coordinates)
        model = Model(
            coords=coordinates,
            terrain=terrain,
            time_step=time_step_minutes,
            physics=speedy_physics(_parameters(physics), checkpoint_terms=False),
        )
    return _World(model, forcing, terrain)


def _parameters(changes: tuple[tuple[str, float], ...]) -> Any:
    """SPEEDY parameters with some of them changed.

    Raises:
        UserError: a name that SPEEDY does not have.
    """
    from jcm.physics.speedy.params import Parameters

    parameters = Parameters.default()
    for name, value in changes:
        scheme, _, field = name.partition(".")
        group: Any = getattr(parameters, scheme, None)
        if not hasattr(group, field):
            raise UserError(f"SPEEDY has no parameter {name!r}; write it like 'convection.trcnv'.")
        changed = replace(group, **{field: jnp.asarray(value)})
        parameters = replace(parameters, **{scheme: changed})
    return parameters


def fields_from_native(fields: Any) -> Float[Array, "*time channel lat lon"]:
    """Stack jcm's grid-point fields ``(..., level, lon, lat)`` into the state's channels."""
    moist = fields.specific_humidity[..., len(SIGMA) - len(MOIST_LEVELS) :, :, :]
    pressure = REFERENCE_PRESSURE * fields.normalized_surface_pressure[..., None, :, :]
    stacked = [fields.u_wind, fields.v_wind, fields.temperature, moist, pressure]
    return jnp.swapaxes(jnp.concatenate(stacked, axis=-3), -1, -2)


def _split(state: Array) -> tuple[Array, Array, Array, Array, Array]:
    """u, v, T, q ``(level, lon, lat)`` and surface pressure ``(lon, lat)`` of a state."""
    turned = jnp.swapaxes(state, -1, -2)
    n, m = len(SIGMA), len(MOIST_LEVELS)
    return (
        turned[:n],
        turned[n : 2 * n],
        turned[2 * n : 3 * n],
        turned[3 * n : 3 * n + m],
        turned[-1],
    )
