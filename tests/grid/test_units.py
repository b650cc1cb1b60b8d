import numpy as np
import pytest

from latentda import UserError
from latentda.grid.units import conversion

SPELLINGS = [
    ("m s-1", "m s**-1", "m/s", "m.s-1", "m s^-1", "m*s-1", "meters second-1", "m s⁻¹", "M/S"),
    ("g kg-1", "g/kg", "g kg**-1", "g kg^-1"),
    ("hPa", "mb", "mbar", "millibars", "HPA", "hectopascals"),
    ("degC", "C", "celsius", "Celsius", "degree_Celsius", "degrees C", "deg C", "°C"),
    ("m2 s-2", "m**2 s**-2", "m2/s2", "J kg-1", "J/kg"),
    ("1", "", "kg kg-1", "kg/kg", "dimensionless", "(0 - 1)"),
    ("W m-2 sr-1", "W/m2/sr", "W m**-2 sr**-1"),
]


@pytest.mark.parametrize("names", SPELLINGS, ids=lambda names: names[0])
def test_spellings_of_a_unit_are_one(names):
    for name in names:
        found = conversion(name, names[0])
        assert (found.scale, found.offset) == pytest.approx((1.0, 0.0), abs=1e-12)


@pytest.mark.parametrize(
    ("unit", "wanted", "value", "expected"),
    [
        ("degC", "K", 0.0, 273.15),
        ("degF", "K", 32.0, 273.15),
        ("K", "degC", 0.0, -273.15),
        ("degF", "degC", 212.0, 100.0),
        ("hPa", "Pa", 500.0, 5e4),
        ("mb", "hPa", 500.0, 500.0),
        ("g kg**-1", "kg kg**-1", 7.0, 7e-3),
        ("%", "1", 50.0, 0.5),
        ("knots", "m s-1", 1.0, 1852.0 / 3600.0),
        ("km/h", "m/s", 3.6, 1.0),
        ("gpm", "m2 s-2", 100.0, 980.665),
        ("gpm", "m", 100.0, 100.0),
        ("nanoseconds", "h", 3.6e12, 1.0),
        ("gpdam", "m2/s2", 10.0, 980.665),
        ("mm", "kg m-2", 20.0, 20.0),
        ("mm", "m", 20.0, 0.02),
        ("Pa s-1", "hPa/h", 1.0, 36.0),
        ("days", "hours", 2.0, 48.0),
    ],
)
def test_values_become_those_of_the_wanted_unit(unit, wanted, value, expected):
    assert conversion(unit, wanted)(value) == pytest.approx(expected)


@pytest.mark.parametrize(("unit", "other"), [("degC", "K"), ("degF", "degC"), ("hPa", "mb"), ("gpm", "m2 s-2")])
def test_the_way_back_undoes_a_conversion(unit, other):
    assert conversion(other, unit)(conversion(unit, other)(12.5)) == pytest.approx(12.5)


def test_arrays_of_the_same_unit_are_left_as_they_are():
    values = np.arange(3, dtype=np.float32)
    assert conversion("K", "K")(values) is values


@pytest.mark.parametrize("unit", ["furlong", "K kg", "degC m", "m s-1 x", "kg kg**", "??"])
def test_unknown_units_are_refused_by_name(unit):
    with pytest.raises(UserError, match="unit"):
        conversion(unit, "K")


@pytest.mark.parametrize(("unit", "wanted"), [("m", "m2 s-2"), ("hPa", "K"), ("gpm", "K"), ("m", "kg m-2"), ("1", "K")])
def test_units_of_another_dimension_are_refused(unit, wanted):
    with pytest.raises(UserError, match=f"'{unit}' is no unit of what is wanted in '{wanted}'"):
        conversion(unit, wanted)
