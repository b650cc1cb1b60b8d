"""What the embedded world is made of: the objects of `jcm`, its integration, and fields to and from its own form.

The core integrates spectral coefficients in single precision; a state's grid-point fields become them at the start.
Sources: Molteni (2003), doi 10.1007/s00382-002-0268-2 (SPEEDY); the `jcm` package.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

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


@dataclass(frozen=True, eq=False)
class World:
    """The jcm objects behind a model: built once, then only used inside compiled code.

    Attributes:
        model: dynamical core and physics.
        forcing: sea, ice and land by season.
        terrain: orography and land-sea mask.
    """

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


def build_world(physics: tuple[tuple[str, float], ...], time_step_minutes: float) -> World:
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
    return World(model, forcing, terrain)


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
