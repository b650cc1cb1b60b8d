"""The table of the fit to observations, and others that are printed in units that people read."""

import pytest

from latentda.cli.fits import FIT_HEADER, fit_rows
from latentda.cli.train import readable
from latentda.verification import LAYERS, FitRow


def test_a_fit_is_told_by_variable_in_readable_units():
    fits = [
        FitRow("q", None, True, 10, 0.0, 2e-3, 0.0, 1e-3),
        FitRow("q", LAYERS[0], True, 5, 0.0, 2e-3, 0.0, 1e-3),
        FitRow("sp", None, False, 3, 0.0, 300.0, 0.0, 200.0),
    ]
    rows = fit_rows(fits)
    assert [row[:3] for row in rows] == [
        ["specific humidity (g kg⁻¹)", "used", 10],
        ["surface pressure (hPa)", "withheld", 3],
    ]
    assert [row[3:] for row in rows] == [pytest.approx([2.0, 1.0]), pytest.approx([3.0, 2.0])]
    assert all(len(row) == len(FIT_HEADER) for row in rows)


def test_forecast_errors_are_told_in_readable_units():
    name, lead, *errors = readable("q@850", 6, 1e-3, 2e-3, 4e-3)
    assert (name, lead) == ("q@850 (g kg⁻¹)", 6)
    assert errors == pytest.approx([1.0, 2.0, 4.0])
