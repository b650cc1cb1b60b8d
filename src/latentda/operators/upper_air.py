"""Equivalents of upper-air data: each a value, or a function of two values, of the levels around a place.

    t, q, u, v, z   their own levels
    tv              levels of T (1 + (1/eps - 1) q), q = 0 where no level carries it
    td              T_d(q, p)
    ws              (u^2 + v^2)^(1/2)
    n               N(T, q, p), q = 0 where no level carries it
    z               where the state has none, that of the hydrostatic equation

All are linear in x (ln p or ln sigma) between levels but z, which is hydrostatic there; below the lowest level t and
tv follow the standard lapse rate, z with them, and u, v, q stay as they are. A datum located by its height lies where
the column has that geopotential: the state's own z, or else the hydrostatic one.
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from numpy import ndarray

from latentda.grid import Layout
from latentda.observations import VARIABLES, ObservationBatch
from latentda.observations.table import UPPER_AIR_VARIABLES
from latentda.operators.families import DERIVED, GEOPOTENTIAL, HEIGHT
from latentda.operators.hydrostatic import TEMPERATE, bow, descent, level_geopotential, moisture, position_of
from latentda.operators.interpolation import Corners, interpolate
from latentda.operators.levels import ROUNDING, LevelTable, Sample, level_table, log_levels, sample
from latentda.physics.constants import EXPONENT, GRAVITY
from latentda.physics.humidity import dew_point
from latentda.physics.refractivity import refractivity
from latentda.physics.thermodynamics import virtual_temperature
from latentda.physics.wind import speed

Rows = dict[str, tuple[ndarray, ndarray]]

_MOISTURE = "moisture"
_LEADING = {"td": "q", "ws": "u", "n": "t"}
_PARTNER = {"tv": _MOISTURE, "ws": "v", "n": _MOISTURE}
_INDEX = {name: VARIABLES.index(name) for name in UPPER_AIR_VARIABLES}


class UpperAir(eqx.Module):
    """H of the upper-air data of a batch.

    Attributes:
        table: the levels of every variable, those diagnosed on the grid included.
        leading: row of the table that each variable is interpolated from.
        partner: row of the second variable it needs, or where it needs none any row.
        paired: whether it needs one.
        layout: of the state.
        families: what the batch asks for.
    """

    table: LevelTable
    leading: Int[Array, " variable"]
    partner: Int[Array, " variable"]
    paired: Bool[Array, " variable"]
    layout: Layout = eqx.field(static=True)
    families: frozenset[str] = eqx.field(static=True)

    def __init__(self, layout: Layout, families: frozenset[str]):
        rows = _rows(layout)
        order = list(rows)
        partners = {name: row for name, row in _PARTNER.items() if name not in layout.variables}
        leading = [name if len(rows[name][0]) else _LEADING.get(name, name) for name in UPPER_AIR_VARIABLES]
        self.table = level_table(rows)
        self.leading = jnp.asarray([order.index(name) for name in leading])
        self.partner = jnp.asarray([order.index(partners.get(name, "tv")) for name in UPPER_AIR_VARIABLES])
        self.paired = jnp.asarray([name in partners for name in UPPER_AIR_VARIABLES])
        self.layout = layout
        self.families = families

    def __call__(
        self, state: Float[Array, "channel point"], at: Corners, batch: ObservationBatch, surface_geopotential: Array
    ) -> tuple[Float[Array, " datum"], Bool[Array, " datum"]]:
        """The equivalents, and whether they mean something; surface data get something finite."""
        flat = self._extended(state, surface_geopotential)
        variable = jnp.minimum(batch.variable, len(UPPER_AIR_VARIABLES) - 1)
        pressure, position, known = self._located(flat, at, batch)
        row = self.leading[variable]
        main = sample(flat, self.table, row, position, at)
        warms = (row == _INDEX["t"]) | (row == _INDEX["tv"])
        value = jnp.where(warms, main.value * jnp.exp(EXPONENT * jnp.maximum(main.depth, 0.0)), main.value)
        deepest = position if self._on_sigma else main.depth
        known &= (main.weight >= 0.0) & (deepest <= ROUNDING) & (self.table.count[row] > 0)
        if self.families & {DERIVED, GEOPOTENTIAL}:
            second = self.partner[variable]
            partner = sample(flat, self.table, second, position, at)
            held = self.table.count[second] > 0
            known &= ~self.paired[variable] | (held & (partner.weight >= 0.0))
            value = self._combined(variable, value, main, partner, held, pressure)
        return value, known

    def _located(self, flat: Array, at: Corners, batch: ObservationBatch) -> tuple[Array, Array, Array]:
        """Pressure and x of each datum, and whether the layout can tell."""
        reference = self._reference(flat, at)
        pressure, position = batch.pressure, jnp.log(jnp.maximum(batch.pressure, 1.0)) - reference
        if HEIGHT not in self.families:
            return pressure, position, jnp.ones(position.shape, bool)
        by_pressure = pressure > 0.0
        aloft, has_heights = self._by_height(flat, at, batch.height)
        position = jnp.where(by_pressure, position, aloft)
        pressure = jnp.where(by_pressure, pressure, jnp.exp(position + reference))
        return pressure, position, by_pressure | has_heights

    def _combined(
        self, variable: Array, value: Array, main: Sample, partner: Sample, held: Array, pressure: Array
    ) -> Array:
        """What the variables of two rows are; the others stay as they are."""
        names = self.layout.variables
        if GEOPOTENTIAL in self.families and self._bends:
            bend = bow(main.share, main.thickness, partner.above, partner.below)
            bend -= descent(partner.below, main.depth)
            value = jnp.where((variable == _INDEX["z"]) & held, value + bend, value)
        if DERIVED in self.families and "td" not in names:
            value = jnp.where(variable == _INDEX["td"], dew_point(value, pressure), value)
        if DERIVED in self.families and "ws" not in names:
            value = jnp.where(variable == _INDEX["ws"], speed(value, partner.value), value)
        if DERIVED in self.families and "n" not in names:
            # Other data hold another variable here, by which one must not divide.
            own = variable == _INDEX["n"]
            index = refractivity(jnp.where(own & held, value, TEMPERATE), partner.value, pressure)
            value = jnp.where(own, index, value)
        return value

    @property
    def _on_sigma(self) -> bool:
        return self.layout.vertical.units == "sigma"

    @property
    def _bends(self) -> bool:
        """Whether the levels of z are those of temperature."""
        rows = _rows(self.layout)
        return np.array_equal(rows["z"][0], rows["tv"][0])

    def _reference(self, flat: Array, at: Corners) -> Array | float:
        """ln p of the surface on sigma levels, 0 on pressure levels."""
        if not self._on_sigma:
            return 0.0
        return jnp.log(interpolate(flat[self.layout.index("sp")], at))

    def _by_height(self, flat: Array, at: Corners, height: Array) -> tuple[Array, bool]:
        """The x of each height, and whether the layout has heights at all."""
        rows = _rows(self.layout)
        levels, channels = rows["z"]
        if not len(levels):
            return jnp.zeros_like(height), False
        column = _columns(flat, channels, at)
        virtual = _columns(flat, rows["tv"][1], at) if self._bends else None
        return position_of(GRAVITY * height, column, virtual, levels), True

    def _extended(self, flat: Array, surface_geopotential: Array) -> Array:
        """The state with the channels diagnosed on its grid behind its own, in the order of :func:`_rows`."""
        if not self.families & {HEIGHT, GEOPOTENTIAL, DERIVED} or "t" not in self.layout.variables:
            return flat
        humidity = moisture(flat, self.layout)
        virtual = virtual_temperature(flat[self.layout.indices("t")], humidity)
        parts = [flat, humidity, virtual]
        if _diagnoses_height(self.layout):
            pressure = jnp.log(flat[self.layout.index("sp")])
            ground = jnp.zeros_like(pressure) if self._on_sigma else pressure
            parts.append(level_geopotential(virtual, log_levels(self.layout, "t"), ground, surface_geopotential))
        return jnp.concatenate(parts)


def _rows(layout: Layout) -> Rows:
    """The x and channels of every upper-air variable; diagnosed ones follow the state's own channels."""
    rows = {name: (log_levels(layout, name), layout.indices(name)) for name in UPPER_AIR_VARIABLES}
    levels = log_levels(layout, "t")
    behind = len(layout.channels) + np.arange(len(levels))
    rows[_MOISTURE] = (levels, behind) if "q" in layout.variables else (levels[:0], behind[:0])
    if "tv" not in layout.variables:
        rows["tv"] = (levels, behind + len(levels))
    if _diagnoses_height(layout):
        rows["z"] = (levels, behind + 2 * len(levels))
    return rows


def _diagnoses_height(layout: Layout) -> bool:
    return "z" not in layout.variables and {"t", "sp"} <= set(layout.variables)


def _columns(flat: Array, channels: ndarray, at: Corners) -> Float[Array, "level place"]:
    """Some channels at every place."""
    # Whole columns lie side by side in memory here, which makes the look-up several times faster.
    return jnp.sum(flat[channels].T[at.point] * at.weight[..., None], axis=0).T
