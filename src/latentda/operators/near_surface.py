"""Equivalents of data at the ground, from the lowest levels of a state.

With h_s the model's surface, h the station's, T_low the temperature of the lowest level (p_low), and air of a constant
lapse rate Gamma between all of them (Benjamin & Miller 1990, doi 10.1175/1520-0493(1990)118<2099:AASLPR>2.0.CO;2):

    T_s    = T_low (p_s / p_low)^(R Gamma / g)
    sp     = p_s (1 + Gamma (h_s - h) / T_s)^(g / (R Gamma))
    msl    = p_s (1 + Gamma h_s / T_s)^(g / (R Gamma))
    t2m    = T_s + Gamma (h_s - h)         no surface layer: neither its stability nor the soil's temperature
    q2m    = q of the lowest level         well mixed
    d2m    = T_d(q2m, sp)
    u10m   = u of its lowest level times the logarithmic law's share; v10m likewise; ws10m their speed
    tcwv   = W of the model's column + q2m (sp - p_s) / g

A layout that holds one of these as a channel of its own gives that instead, t2m moved to the station by Gamma. One
without p_s that holds msl has, by the same air down to sea level,

    T_0 = T_low (msl / p_low)^(R Gamma / g),    p_s = msl (1 - Gamma h_s / T_0)^(g / (R Gamma)).
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latentda.grid import Layout
from latentda.operators.column_water import column_water
from latentda.operators.interpolation import Corners, interpolate
from latentda.physics.constants import EXPONENT, GRAVITY, LAPSE_RATE
from latentda.physics.humidity import dew_point
from latentda.physics.wind import share_at_10_m, speed

MAX_HEIGHT_DIFFERENCE = 800.0
"""Surface data whose station lies further than this (m) from the model's surface have no equivalent."""


class Ground(NamedTuple):
    """The model's surface at each place, and the station's.

    Attributes:
        pressure: p_s (Pa).
        temperature: T_s (K).
        station_pressure: p (Pa) at the station's height.
    """

    pressure: Float[Array, " place"]
    temperature: Float[Array, " place"]
    station_pressure: Float[Array, " place"]


def has_ground(layout: Layout) -> bool:
    """Whether a state tells the pressure and the temperature of its surface."""
    return "t" in layout.variables and ("sp" in layout.variables or "msl" in layout.variables)


def stand(
    flat: Array, at: Corners, layout: Layout, drop: Float[Array, " place"], height: Float[Array, " place"]
) -> Ground:
    """The surface of a state that has t, and sp or msl.

    Args:
        flat: physical units, the grid flattened.
        at: where the places are.
        layout: of the state.
        drop: height of the model's surface above the station (m).
        height: h_s (m).
    """
    lowest = interpolate(flat[int(layout.indices("t")[-1])], at)
    if "sp" in layout.variables:
        pressure = interpolate(flat[layout.index("sp")], at)
    else:
        at_sea = interpolate(flat[layout.index("msl")], at)
        warmth = lowest * jnp.exp(EXPONENT * _gap(layout, "t", at_sea))
        pressure = at_sea * (1.0 - LAPSE_RATE * height / warmth) ** (1.0 / EXPONENT)
    skin = lowest * jnp.exp(EXPONENT * _gap(layout, "t", pressure))
    return Ground(pressure, skin, pressure * (1.0 + LAPSE_RATE * drop / skin) ** (1.0 / EXPONENT))


def mass_and_humidity(
    flat: Array, at: Corners, layout: Layout, ground: Ground | None, drop: Array, height: Array
) -> dict[str, Array]:
    """Equivalents of sp, msl, t2m and q2m, those that the layout allows."""
    found: dict[str, Array] = {}
    if ground is not None:
        found |= {"sp": ground.station_pressure, "t2m": ground.temperature + LAPSE_RATE * drop}
        found["msl"] = ground.pressure * (1.0 + LAPSE_RATE * height / ground.temperature) ** (1.0 / EXPONENT)
        if "q" in layout.variables:
            found["q2m"] = interpolate(flat[int(layout.indices("q")[-1])], at)
    if "msl" in layout.names:
        found["msl"] = _own(flat, at, layout, "msl")
    if "t2m" in layout.names:
        found["t2m"] = _own(flat, at, layout, "t2m") + LAPSE_RATE * drop
    if "q2m" in layout.names:
        found["q2m"] = _own(flat, at, layout, "q2m")
    return found


def wind(
    flat: Array, at: Corners, layout: Layout, ground: Ground | None, log_roughness: Float[Array, "..."]
) -> dict[str, Array]:
    """Equivalents of u10m, v10m and ws10m, those that the layout allows."""
    found = {}
    for name, aloft in (("u10m", "u"), ("v10m", "v")):
        if name in layout.names:
            found[name] = _own(flat, at, layout, name)
        elif ground is not None and aloft in layout.variables:
            gap = _gap(layout, aloft, ground.pressure)
            height = -ground.temperature / LAPSE_RATE * jnp.expm1(-EXPONENT * gap)
            lowest = interpolate(flat[int(layout.indices(aloft)[-1])], at)
            found[name] = lowest * share_at_10_m(height, log_roughness)
    if "ws10m" in layout.names:
        found["ws10m"] = _own(flat, at, layout, "ws10m")
    elif len(found) == 2:
        found["ws10m"] = speed(found["u10m"], found["v10m"])
    return found


def dew(flat: Array, at: Corners, layout: Layout, ground: Ground | None, humidity: Array | None) -> dict[str, Array]:
    """The equivalent of d2m, if the layout allows it; ``humidity`` is that of q2m."""
    if "d2m" in layout.names:
        return {"d2m": _own(flat, at, layout, "d2m")}
    if ground is None or humidity is None:
        return {}
    return {"d2m": dew_point(humidity, ground.station_pressure)}


def water(flat: Array, at: Corners, layout: Layout, ground: Ground | None, humidity: Array | None) -> dict[str, Array]:
    """The equivalent of tcwv, if the layout allows it; ``humidity`` is that of q2m."""
    if "tcwv" in layout.names:
        return {"tcwv": _own(flat, at, layout, "tcwv")}
    if ground is None or humidity is None or not {"q", "sp"} <= set(layout.variables):
        return {}
    column = interpolate(column_water(flat, layout), at)
    return {"tcwv": column + humidity * (ground.station_pressure - ground.pressure) / GRAVITY}


def _own(flat: Array, at: Corners, layout: Layout, name: str) -> Array:
    return interpolate(flat[layout.index(name)], at)


def _gap(layout: Layout, name: str, pressure: Array) -> Array:
    """ln(p_s / p_low) for a variable's lowest level; negative where a pressure level lies below the ground."""
    lowest = float(layout.levels_of(name)[-1])
    if layout.vertical.units == "sigma":
        return jnp.full_like(pressure, -np.log(lowest))
    return jnp.log(pressure) - np.log(100.0 * lowest)
