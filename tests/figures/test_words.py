"""Words and units of figures and tables."""

import pytest

from latentda.figures.words import shown_channel, shown_variable


@pytest.mark.parametrize(
    ("name", "factor", "words"),
    [
        ("q", 1000.0, "specific humidity (g kg⁻¹)"),
        ("sp", 0.01, "surface pressure (hPa)"),
        ("msl", 0.01, "mean sea-level pressure (hPa)"),
        ("u", 1.0, "zonal wind (m s⁻¹)"),
        ("t", 1.0, "temperature (K)"),
    ],
)
def test_units_are_those_that_people_read(name, factor, words):
    assert shown_variable(name) == (factor, words)


def test_a_channel_keeps_its_name():
    assert shown_channel("q@0.835") == (1000.0, "q@0.835 (g kg⁻¹)")
    assert shown_channel("sp") == (0.01, "sp (hPa)")
