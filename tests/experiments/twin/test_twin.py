"""Set-ups as data, the truth as it is asked for, and the same observations for every method."""

from dataclasses import replace

import numpy as np
import pytest

from latentda.assimilation.intake import Intake
from latentda.experiments.twin.demo import Truth, TwinObservations, TwinSetUp
from latentda.grid import SigmaLevels, build_layout, gaussian_grid
from latentda.observations import columns

LAYOUT = build_layout(
    gaussian_grid(8, 16), SigmaLevels((0.2, 0.6, 0.95)), {v: (0.2, 0.6, 0.95) for v in "uvtq"}, ["sp"]
)


def state(shift=0.0):
    fields = np.full(LAYOUT.shape, 1.0 + shift)
    fields[LAYOUT.indices("t")] = 260.0 + shift
    fields[LAYOUT.indices("q")] = 0.003
    fields[LAYOUT.index("sp")] = 1.0e5
    return fields


@pytest.fixture
def truth():
    return Truth(np.array([0, 12]), np.stack([state(), state(2.0)]))


@pytest.fixture
def observe(truth):
    intake = Intake(LAYOUT, np.zeros(LAYOUT.grid.shape))
    return TwinObservations(truth, columns(20, seed=1, levels_hpa=(850.0, 500.0, 50.0)), intake, seed=3)


def test_days_cover_background_cycles_and_forecasts():
    setup = TwinSetUp(background_days=5, cycles=21, interval_hours=12, forecast_days=5)
    assert setup.days == 25
    assert setup.days * 24 >= 24 * (5 + 5) + 21 * 12


def test_forecasts_start_from_the_middle_and_the_last_cycle():
    assert TwinSetUp(cycles=20, spinup_cycles=4).forecast_cycles == (12, 19)
    assert TwinSetUp(cycles=2, spinup_cycles=0).forecast_cycles == (1,)


def test_unknown_method_is_refused_at_once():
    with pytest.raises(ValueError, match="3dvar"):
        TwinSetUp(methods=("free_run", "kriging"))


def test_truth_outside_the_run_is_refused(truth):
    with pytest.raises(KeyError, match="1970-01-02"):
        truth.at(24)


def test_observations_depend_on_time_and_seed_alone(observe):
    assert observe(0).equals(observe(0))
    assert not observe(0).equals(observe(12))


def test_observation_errors_have_the_stated_size(observe):
    table = observe(12)
    variable = np.asarray(table["variable"].to_pylist())
    exact = np.select([variable == "t", variable == "q"], [262.0, 0.003], 3.0)
    normal = (table["observation"].to_numpy() - exact) / table["error"].to_numpy()
    upper = table["pres"].to_numpy() < 95000.0
    assert abs(normal[upper].mean()) < 4 / np.sqrt(upper.sum())
    assert 0.8 < normal[upper].std() < 1.2


def test_gross_errors_come_beside_the_others(observe):
    sound, spoilt = observe(12), replace(observe, gross_errors=0.25)(12)
    added = (spoilt["observation"].to_numpy() - sound["observation"].to_numpy()) / sound["error"].to_numpy()
    gross = np.abs(added) > 1e-6
    assert np.allclose(np.abs(added[gross]), 10.0, rtol=1e-4)
    assert abs(gross.mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / gross.size)
    assert {-1.0, 1.0} == set(np.sign(added[gross]))


def test_data_above_the_top_level_are_left_out(observe):
    assert observe(0)["pres"].to_numpy().min() > 5000.0 + 1.0
