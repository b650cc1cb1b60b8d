"""What a grid adds to the default errors: limits, growth with the spacing, and the scale of it."""

import numpy as np
import pytest

from latentda.observations import column, default_error_table, inflate, representativeness_errors
from latentda.observations.representativeness import COARSEST_KM, TABLE_SPACING_KM, unseen_variance
from latentda.observations.table import VARIABLES
from tests.worlds import table_of

ONE_EACH = ("t", "tv", "u", "v", "ws", "q", "td", "z", "sp", "msl", "t2m", "q2m", "d2m", "u10m", "v10m", "ws10m")
NOTHING_ADDED = ("n", "tcwv")


def _one_of_each():
    value = [{"td": 260.0, "d2m": 280.0, "q": 1e-3}.get(name, 250.0) for name in ONE_EACH + NOTHING_ADDED]
    return table_of([*ONE_EACH, *NOTHING_ADDED], observation=value, error=1e-6)


def _error(spacing_km):
    return column(inflate(_one_of_each(), representativeness_errors(spacing_km)), "error")


@pytest.mark.parametrize("spacing_km", [0.0, 9.0, TABLE_SPACING_KM])
def test_a_grid_as_fine_as_the_tables_adds_nothing(spacing_km):
    table = _one_of_each()
    assert inflate(table, representativeness_errors(spacing_km)).equals(table)


def test_a_coarser_grid_adds_more_and_the_limit_is_approached_without_a_step():
    spacings = np.array([25.01, 50.0, 100.0, 200.0, 400.0, 800.0, COARSEST_KM])
    errors = np.array([_error(spacing) for spacing in spacings])[:, : len(ONE_EACH)]
    assert (np.diff(errors, axis=0) > 0.0).all()
    assert (errors[0] < 0.02 * errors[-1]).all()


def test_grids_beyond_the_law_have_the_error_of_its_end():
    np.testing.assert_array_equal(_error(5000.0), _error(COARSEST_KM))


def test_every_variable_is_decided_on():
    assert set(ONE_EACH + NOTHING_ADDED) == set(VARIABLES)
    added = representativeness_errors(400.0)
    known = {name for name in VARIABLES if added.profile(name, "ADPUPA") is not None}
    assert known == set(ONE_EACH)


def test_the_unseen_variance_is_the_integral_of_the_spectrum():
    for spacing_km in (25.0, 400.0):
        k = np.pi / (1000.0 * spacing_km) * np.geomspace(1.0, 1e7, 200001)
        spectrum = 9.1e-4 * k ** (-5.0 / 3.0) + 3.0e-10 * k**-3.0
        assert unseen_variance(spacing_km) == pytest.approx(np.trapezoid(spectrum, k), rel=1e-3)


def test_short_waves_grow_as_the_two_thirds_law_and_long_ones_faster():
    assert unseen_variance(2.0) / unseen_variance(1.0) == pytest.approx(2.0 ** (2.0 / 3.0), rel=1e-2)
    assert 2.0 < unseen_variance(800.0) / unseen_variance(400.0) < 4.0


def test_winds_by_level_and_errors_of_a_usual_size():
    """A grid of 3.75 degrees misses about two metres a second of wind and half a kelvin."""
    added, table = representativeness_errors(417.0), default_error_table()
    pressure = np.array([85000.0, 50000.0, 25000.0])
    wind, warm = (added.error(name, "ADPUPA", pressure) for name in ("u", "t"))
    assert (np.diff(wind) > 0.0).all()
    assert 1.5 < wind[0] < wind[-1] < 3.0
    assert 0.4 < warm.min() < warm.max() < 1.0
    for name in ONE_EACH:
        ratio = added.error(name, "ADPUPA", pressure) / table.error(name, "ADPUPA", pressure)
        assert (ratio > 0.1).all()
        assert (ratio < 2.0).all(), name
