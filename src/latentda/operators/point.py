"""Point observations: the model's equivalent of each datum of a batch, y = H(x).

Every datum is interpolated bilinearly in the horizontal. :mod:`~latentda.operators.upper_air` says what follows in the
vertical, :mod:`~latentda.operators.near_surface` what the ground's data are made of. What the data of a batch do not
ask for is not compiled (:mod:`~latentda.operators.families`).
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from latentda.grid import Layout
from latentda.observations import SURFACE_VARIABLES, VARIABLES, ObservationBatch
from latentda.operators import near_surface
from latentda.operators.families import COLUMN_WATER, SURFACE_DEW_POINT, SURFACE_WIND, families_of
from latentda.operators.interpolation import Corners, corners, inside, interpolate
from latentda.operators.near_surface import MAX_HEIGHT_DIFFERENCE
from latentda.operators.upper_air import UpperAir
from latentda.physics.constants import EXPONENT, GAS_CONSTANT, GRAVITY, LAPSE_RATE
from latentda.physics.wind import SEA_ROUGHNESS, WIND_HEIGHT
from latentda.user_error import UserError

__all__ = ["EXPONENT", "GAS_CONSTANT", "LAPSE_RATE", "MAX_HEIGHT_DIFFERENCE", "PointObservations"]


class PointObservations(eqx.Module):
    """H for the data of one batch, a function of a state in physical units.

    Attributes:
        batch: places, pressures and variables of the data.
        surface_height: height of the model's orography (m), ``(lat, lon)``.
        log_roughness: ln z_0, one number or a field; z_0 (m) matters to the wind at 10 m only.
        upper_air: H of the upper-air data.
        layout: what the state's channels are; surface quantities need its ``sp``.
        families: what the batch asks for; another set is compiled anew.
    """

    batch: ObservationBatch
    surface_height: Float[Array, "lat lon"]
    log_roughness: Float[Array, "..."]
    upper_air: UpperAir
    layout: Layout = eqx.field(static=True)
    families: frozenset[str] = eqx.field(static=True)

    def __init__(
        self,
        batch: ObservationBatch,
        layout: Layout,
        surface_geopotential: ArrayLike,
        roughness: ArrayLike = SEA_ROUGHNESS,
    ):
        """Build it outside compiled code, where the batch's values are known.

        Args:
            batch: the data.
            layout: of the states.
            surface_geopotential: of the model's orography (m2 s-2), ``(lat, lon)``.
            roughness: roughness length z_0 (m), one number or ``(lat, lon)``: by default the open sea's everywhere.

        Raises:
            UserError: a roughness that is not between 0 and 10 m.
        """
        rough = np.asarray(roughness, float)
        if not ((rough > 0.0) & (rough < WIND_HEIGHT)).all():
            raise UserError(
                f"Roughness lengths lie between 0 and {WIND_HEIGHT:g} m; got {rough.min()} to {rough.max()}."
            )
        self.batch = batch
        self.layout = layout
        self.surface_height = jnp.asarray(surface_geopotential) / GRAVITY
        self.log_roughness = jnp.asarray(np.log(rough))
        self.families = families_of(batch)
        self.upper_air = UpperAir(layout, self.families)

    def __call__(self, state: Float[Array, "channel lat lon"]) -> Float[Array, " datum"]:
        """H(x); finite everywhere, meaningful where :meth:`reachable`."""
        return self._evaluate(state)[0]

    def reachable(self, state: Float[Array, "channel lat lon"]) -> Bool[Array, " datum"]:
        """Whether the model has an equivalent: within its levels, above its surface, near its orography."""
        return self._evaluate(state)[1]

    def _evaluate(self, state: Array) -> tuple[Array, Array]:
        batch = self.batch
        at = corners(self.layout.grid, batch.latitude, batch.longitude)
        flat = state.reshape(state.shape[0], -1)
        value, known = self.upper_air(flat, at, batch, GRAVITY * self.surface_height.reshape(-1))
        height = interpolate(self.surface_height.reshape(-1), at)
        drop = height - batch.elevation
        near = jnp.abs(drop) <= MAX_HEIGHT_DIFFERENCE
        surface = self._surface(flat, at, drop, height)
        for name in SURFACE_VARIABLES:
            own = batch.variable == VARIABLES.index(name)
            value = jnp.where(own, surface.get(name, 0.0), value)
            there = jnp.ones_like(near) if name == "msl" and name in self.layout.names else near
            known = jnp.where(own, there if name in surface else False, known)
        return value, known & inside(self.layout.grid, batch.latitude, batch.longitude)

    def _surface(self, flat: Array, at: Corners, drop: Array, height: Array) -> dict[str, Array]:
        """Equivalents of the surface variables that the layout allows and the batch may hold."""
        layout = self.layout
        # Far from the orography the value is not used; the clips only keep it finite.
        height = jnp.clip(height, -2 * MAX_HEIGHT_DIFFERENCE, 10000.0)
        drop = jnp.clip(drop, -2 * MAX_HEIGHT_DIFFERENCE, 2 * MAX_HEIGHT_DIFFERENCE)
        ground = near_surface.stand(flat, at, layout, drop, height) if near_surface.has_ground(layout) else None
        found = near_surface.mass_and_humidity(flat, at, layout, ground, drop, height)
        humidity = found.get("q2m")
        if SURFACE_WIND in self.families:
            found |= near_surface.wind(flat, at, layout, ground, self._log_roughness(at))
        if SURFACE_DEW_POINT in self.families:
            found |= near_surface.dew(flat, at, layout, ground, humidity)
        if COLUMN_WATER in self.families:
            found |= near_surface.water(flat, at, layout, ground, humidity)
        return found

    def _log_roughness(self, at: Corners) -> Array:
        if self.log_roughness.ndim == 0:
            return self.log_roughness
        return interpolate(self.log_roughness.reshape(-1), at)
