import numpy as np
import pytest

from latentda.forecast import ForecastModel, Persistence
from latentda.grid import NoLevels, build_layout, lat_lon_grid

LAYOUT = build_layout(lat_lon_grid(3, 4), NoLevels(), {}, ("sp", "t2m"))
STATES = np.random.default_rng(0).normal(size=(5, *LAYOUT.shape)).astype(np.float32)


def test_it_is_a_forecast_model():
    model = Persistence(LAYOUT, 3)
    assert isinstance(model, ForecastModel)
    assert (model.layout, model.step_hours) == (LAYOUT, 3)


def test_nothing_changes_at_any_lead():
    found = Persistence(LAYOUT).propagate(STATES[0], 0, (0, 6, 240))
    np.testing.assert_array_equal(found, np.stack([STATES[0]] * 3))


def test_members_equal_single_runs():
    model = Persistence(LAYOUT)
    together = model.propagate_members(STATES, 0, (6, 12))
    alone = np.stack([model.propagate(state, 0, (6, 12)) for state in STATES])
    np.testing.assert_array_equal(together, alone)


def test_leads_off_the_step_are_refused():
    with pytest.raises(ValueError, match="multiples of 6 h"):
        Persistence(LAYOUT).propagate(STATES[0], 0, (3,))
