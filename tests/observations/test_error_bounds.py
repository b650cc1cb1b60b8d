"""Errors of observations that cannot be meant: too wide is refused, too sharp is raised, each said by name."""

import warnings

import numpy as np
import pytest

from latentda.observations import QualityControl, assign_errors, check_error_size, column, raise_errors, refuse, used
from latentda.observations.verdicts import VERDICTS
from tests.worlds import table_of


@pytest.mark.parametrize(("wide", "verdict"), [(96.0, "error_size"), (1e20, "error"), (np.inf, "error")])
def test_an_error_wider_than_the_atmosphere_is_refused(wide, verdict):
    table = table_of(["t", "t", "t"], lat=[40.0, 50.0, 60.0], observation=270.0, error=[1.0, wide, 94.0])
    for checked in (check_error_size(table), QualityControl().apply(table)):
        assert column(checked, "verdict").tolist() == ["", verdict, ""]
        assert used(checked).tolist() == [True, False, True]
    assert "error_size" in VERDICTS


def test_errors_that_are_not_known_yet_pass():
    table = table_of(["t", "q"], observation=[270.0, 1e-3], error=np.nan)
    assert used(check_error_size(table)).all()


def test_bounds_are_in_the_units_of_the_variable():
    table = table_of(["sp", "q", "u"], observation=[1e5, 1e-3, 5.0], error=[300.0, 0.03, 100.0])
    assert used(check_error_size(table)).tolist() == [True, False, True]


def test_default_errors_are_within_the_bounds():
    names = ["t", "q", "u", "v", "z", "tv", "td", "ws", "n", "sp", "t2m", "q2m", "u10m", "v10m", "d2m", "ws10m", "tcwv"]
    assert used(check_error_size(assign_errors(table_of(names, observation=250.0, error=np.nan)))).all()


def test_errors_far_below_the_background_s_are_raised_and_named():
    table = table_of(["t", "t", "u"], error=[1e-6, 1.0, 1e-3])
    with pytest.warns(UserWarning, match="1 of t, 1 of u"):
        raised = raise_errors(table, np.array([5.0, 5.0, 8.0]))
    np.testing.assert_allclose(column(raised, "error"), [0.05, 1.0, 0.08], rtol=1e-6)


def test_usual_errors_and_data_without_an_equivalent_stay_as_they_are():
    table = table_of(["t", "t", "t"], error=[1.0, 1e-6, 1e-6])
    table = refuse(table, np.array([False, False, True]), "withheld")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert raise_errors(table, np.array([5.0, np.nan, 5.0])).equals(table)


def test_errors_that_may_be_meant_are_raised_without_words():
    """As of humidity in dry air beside a background error of all the globe: the weight changes by 1e-4."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        raised = raise_errors(table_of(["q", "q"], error=[4e-6, 1e-4]), np.array([2e-3, 2e-3]))
    np.testing.assert_allclose(column(raised, "error"), [2e-5, 1e-4], rtol=1e-6)
