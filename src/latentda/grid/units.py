"""Units as files of this field spell them, and what a value in one is in another.

A unit is a product of named factors with whole exponents, written in any of the usual ways: ``m s-1``, ``m/s``,
``m s**-1``, ``m.s^-1``, ``g kg**-1``, ``W m-2 sr-1``. A temperature scale with an offset stands alone. ``mb`` is a
millibar, ``C`` a degree Celsius. Geopotential metres are a geopotential where one is wanted and metres where a height
is; millimetres are a depth of water where a mass an area is wanted.

Source: The International System of Units (BIPM, 2019); spellings of UDUNITS, CF conventions and GRIB.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from latentda.physics.constants import GRAVITY
from latentda.user_error import UserError

Dimension = tuple[tuple[str, int], ...]
"""Base units with their exponents, sorted by name."""


@dataclass(frozen=True)
class Conversion:
    """wanted = scale * value + offset; works on numbers and arrays."""

    scale: float = 1.0
    offset: float = 0.0

    def __call__(self, value: Any) -> Any:
        """The value in the wanted unit."""
        return value if self == Conversion() else value * self.scale + self.offset


@dataclass(frozen=True)
class _Unit:
    scale: float
    dimension: Dimension
    offset: float = 0.0


def conversion(unit: str, wanted: str) -> Conversion:
    """How values in ``unit`` become values in ``wanted``.

    Raises:
        UserError: an unknown unit, or one of another dimension.
    """
    if unit.strip() == wanted.strip():
        return Conversion()
    have, want = _parse(unit), _parse(wanted)
    if have.dimension != want.dimension:
        have = _read_as(unit, want.dimension) or have
    if have.dimension != want.dimension:
        raise UserError(f"'{unit}' is no unit of what is wanted in '{wanted or '1'}'.")
    return Conversion(have.scale / want.scale, (have.offset - want.offset) / want.scale)


def is_unit(text: str) -> bool:
    """Whether a text is a unit that is known, of whatever kind."""
    try:
        _parse(text)
    except UserError:
        return False
    return True


_LENGTH: Dimension = (("m", 1),)
_TIME: Dimension = (("s", 1),)
_MASS: Dimension = (("kg", 1),)
_ANGLE: Dimension = (("degree", 1),)
_SPEED: Dimension = (("m", 1), ("s", -1))
_GEOPOTENTIAL: Dimension = (("m", 2), ("s", -2))
_PRESSURE: Dimension = (("kg", 1), ("m", -1), ("s", -2))
_ENERGY: Dimension = (("kg", 1), ("m", 2), ("s", -2))
_POWER: Dimension = (("kg", 1), ("m", 2), ("s", -3))
_AREA_MASS: Dimension = (("kg", 1), ("m", -2))
_GEOPOTENTIAL_METRES = {"gpm": 1.0, "gpdm": 10.0, "gpdam": 10.0, "gpkm": 1e3}


def _read_as(unit: str, dimension: Dimension) -> _Unit | None:
    """A unit that means something else where another dimension is wanted."""
    name = unit.strip()
    if dimension == _LENGTH and name in _GEOPOTENTIAL_METRES:
        return _Unit(_GEOPOTENTIAL_METRES[name], _LENGTH)
    if dimension == _AREA_MASS and name in ("mm", "millimeter", "millimetre", "millimeters", "millimetres"):
        return _Unit(1.0, _AREA_MASS)
    return None


_SCALES: Mapping[str, _Unit] = {
    "degC": _Unit(1.0, (("K", 1),), 273.15),
    "degF": _Unit(5.0 / 9.0, (("K", 1),), 273.15 - 32.0 * 5.0 / 9.0),
}
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "degC": ("C", "celsius", "degree_celsius", "degrees_celsius", "deg_c", "degree_c", "degrees_c", "°C", "℃"),
    "degF": ("F", "fahrenheit", "degree_fahrenheit", "degrees_fahrenheit", "deg_f", "degree_f", "degrees_f", "°F"),
}
_NONE = ("", "1", "-", "~", "none", "dimensionless", "(0 - 1)", "0-1", "fraction", "N-unit", "N-units", "N_units")

# Scale and dimension of every factor; a name follows its synonyms.
_FACTORS: tuple[tuple[tuple[str, ...], float, Dimension], ...] = (
    (("m", "meter", "meters", "metre", "metres"), 1.0, _LENGTH),
    (("mm", "millimeter", "millimeters", "millimetre", "millimetres"), 1e-3, _LENGTH),
    (("cm", "centimeter", "centimeters"), 1e-2, _LENGTH),
    (("um", "micron", "micrometer", "micrometre"), 1e-6, _LENGTH),
    (("dm",), 0.1, _LENGTH),
    (("dam",), 10.0, _LENGTH),
    (("km", "kilometer", "kilometers", "kilometre", "kilometres"), 1e3, _LENGTH),
    (("ft", "foot", "feet"), 0.3048, _LENGTH),
    (("mi", "mile", "miles"), 1609.344, _LENGTH),
    (("nmi",), 1852.0, _LENGTH),
    (("s", "sec", "second", "seconds"), 1.0, _TIME),
    (("ns", "nanosecond", "nanoseconds"), 1e-9, _TIME),
    (("min", "minute", "minutes"), 60.0, _TIME),
    (("h", "hr", "hour", "hours"), 3600.0, _TIME),
    (("d", "day", "days"), 86400.0, _TIME),
    (("kg", "kilogram", "kilograms"), 1.0, _MASS),
    (("g", "gram", "grams"), 1e-3, _MASS),
    (("mg",), 1e-6, _MASS),
    (("ug",), 1e-9, _MASS),
    (("K", "kelvin", "kelvins", "degK", "deg_K", "degrees_kelvin"), 1.0, (("K", 1),)),
    (("Pa", "pascal", "pascals"), 1.0, _PRESSURE),
    (("hPa", "hectopascal", "hectopascals", "mb", "mbar", "mbars", "millibar", "millibars"), 1e2, _PRESSURE),
    (("kPa",), 1e3, _PRESSURE),
    (("daPa",), 10.0, _PRESSURE),
    (("bar", "bars"), 1e5, _PRESSURE),
    (("atm",), 101325.0, _PRESSURE),
    (("inHg",), 3386.389, _PRESSURE),
    (("mmHg",), 133.322387415, _PRESSURE),
    (("N", "newton"), 1.0, (("kg", 1), ("m", 1), ("s", -2))),
    (("J", "joule", "joules"), 1.0, _ENERGY),
    (("kJ",), 1e3, _ENERGY),
    (("W", "watt", "watts"), 1.0, _POWER),
    (("mW",), 1e-3, _POWER),
    (("kt", "kts", "kn", "knot", "knots"), 1852.0 / 3600.0, _SPEED),
    (("mph",), 0.44704, _SPEED),
    (("kph", "kmh"), 1.0 / 3.6, _SPEED),
    (("gpm",), GRAVITY, _GEOPOTENTIAL),
    (("gpdm", "gpdam"), 10.0 * GRAVITY, _GEOPOTENTIAL),
    (("gpkm",), 1e3 * GRAVITY, _GEOPOTENTIAL),
    (("%", "percent"), 1e-2, ()),
    (("ppm", "ppmv"), 1e-6, ()),
    (("ppb", "ppbv"), 1e-9, ()),
    (("deg", "degree", "degrees", "°", "degree_true", "degrees_true"), 1.0, _ANGLE),
    (("degree_north", "degrees_north", "degreeN", "degreesN", "degree_N", "degrees_N"), 1.0, _ANGLE),
    (("degree_east", "degrees_east", "degreeE", "degreesE", "degree_E", "degrees_E"), 1.0, _ANGLE),
    (("rad", "radian", "radians"), 180.0 / math.pi, _ANGLE),
    (("sr", "steradian"), 1.0, (("sr", 1),)),
)
_BY_NAME = {name: _Unit(scale, dimension) for names, scale, dimension in _FACTORS for name in names}
_BY_NAME |= {name: unit for kind, unit in _SCALES.items() for name in (kind, *_SPELLINGS[kind])}
_BY_FOLDED = {name.casefold(): unit for name, unit in reversed(_BY_NAME.items())}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_FACTOR = re.compile(r"([A-Za-z%°℃_]+)([-+]?\d+)?")


def _parse(unit: str) -> _Unit:
    text = unit.strip().replace("µ", "u").replace("μ", "u").translate(_SUPERSCRIPTS)
    if text.casefold() in {none.casefold() for none in _NONE}:
        return _Unit(1.0, ())
    alone = _named("_".join(text.split()))
    if alone is not None:
        return alone
    scale, exponents = 1.0, dict[str, int]()
    parts = re.sub(r"\s*/\s*", " /", re.sub(r"\*\*|\^", "", text))
    for part in re.split(r"[\s*.·]+", parts):
        sign, name = (-1, part[1:]) if part.startswith("/") else (1, part)
        if name == "1":
            continue
        match = _FACTOR.fullmatch(name)
        factor = _named(match.group(1)) if match else None
        if match is None or factor is None or factor.offset:
            raise UserError(f"'{unit}' is no unit that is known; write it as in 'm s-1', 'hPa', 'g kg-1' or 'degC'.")
        power = sign * int(match.group(2) or 1)
        scale *= factor.scale**power
        for base, exponent in factor.dimension:
            exponents[base] = exponents.get(base, 0) + power * exponent
    return _Unit(scale, tuple(sorted((base, power) for base, power in exponents.items() if power)))


def _named(name: str) -> _Unit | None:
    return _BY_NAME.get(name) or _BY_FOLDED.get(name.casefold())
