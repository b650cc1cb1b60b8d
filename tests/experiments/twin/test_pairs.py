"""A cycling run for error statistics goes on from its own cycles, and from no other run's."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from latentda.experiments import statistics
from latentda.experiments.twin.truth import Truth
from latentda.forecast import Persistence
from latentda.grid import datetime_of_hours
from latentda.user_error import UserError
from tests.cycling.conftest import LAYOUT, small_intake, standardizer
from tests.experiments.worlds import FIRST, still_cycler, still_observe, still_truth

START = datetime_of_hours(FIRST)


@dataclass(frozen=True)
class StillWorld(Persistence):
    surface_geopotential: float = 0.0


@pytest.fixture
def still(monkeypatch):
    """Cycles in a world that stands still; files of its assets are told apart by a word."""
    truth = {"data.zarr": still_truth(), "other.zarr": Truth(still_truth().hours, still_truth().states + 1.0)}
    parts = {
        "jcm_model": lambda imperfect: StillWorld(LAYOUT),
        "StoredTruth": lambda data, layout: truth[data],
        "make_intake": lambda *_: small_intake(),
        "build_network": lambda *_: None,
        "build_method": lambda name, assets, factor: still_cycler(factor).method,
        "method_digest": lambda name, assets: assets.word,
        "TwinObservations": lambda *_: still_observe,
        "SPINUP_CYCLES": 0,
    }
    for name, part in parts.items():
        monkeypatch.setattr(statistics, name, part)


def run(folder, data="data.zarr", word="one", cycles=2, **settings):
    assets = SimpleNamespace(standardizer=standardizer(), errors="forecast", word=word)
    return statistics.cycling_run(data, assets, START, cycles, folder, **settings)


def test_the_same_run_goes_on_and_can_be_made_longer(still, tmp_path):
    short = run(tmp_path, factor=5.0)
    longer = run(tmp_path, factor=5.0, cycles=3)
    assert [cycle.hours for cycle in longer] == [FIRST, FIRST + 12, FIRST + 24]
    for before, after in zip(short, longer[:2], strict=True):
        np.testing.assert_array_equal(before.analysis, after.analysis)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"factor": 2.0}, "factor"),
        ({"network": "sparse"}, "network"),
        ({"seed": 7}, "seed"),
        ({"word": "two"}, "assets"),
        ({"data": "other.zarr"}, "data"),
    ],
)
def test_cycles_of_another_run_are_refused(still, tmp_path, change, name):
    run(tmp_path, factor=5.0)
    with pytest.raises(UserError, match=rf"it differs in {name}\)"):
        run(tmp_path, **{"factor": 5.0, **change})
