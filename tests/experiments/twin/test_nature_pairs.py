"""Pairs from a store: valid at one time, whatever the store's spacing, order and gaps."""

from types import SimpleNamespace

import numpy as np
import pytest

from latentda.experiments import statistics
from latentda.fields import to_dataset, unit_standardizer
from latentda.grid import NoLevels, build_layout, hours_since_1970, lat_lon_grid
from latentda.priors import read_pairs
from latentda.user_error import UserError

LAYOUT = build_layout(lat_lon_grid(3, 4), NoLevels(), {}, ["sp"])
FIRST = int(hours_since_1970("1970-03-01"))


def clock(state, hours, leads):
    """A model whose states are the hours at which they are valid."""
    np.testing.assert_array_equal(state, hours)
    return np.stack([state + lead for lead in leads])


@pytest.fixture
def world(monkeypatch):
    model = SimpleNamespace(layout=LAYOUT, propagate=clock)
    monkeypatch.setattr(statistics, "jcm_model", lambda imperfect: model)
    return SimpleNamespace(standardizer=unit_standardizer(LAYOUT))


def store(path, hours):
    states = np.broadcast_to(np.asarray(hours)[:, None, None, None], (len(hours), *LAYOUT.shape)).astype(np.float32)
    times = np.datetime64(0, "s") + np.asarray(hours) * np.timedelta64(1, "h")
    to_dataset(states, LAYOUT, times).to_netcdf(path / "store.nc")
    return path / "store.nc"


@pytest.mark.parametrize(
    "steps",
    [
        6 * np.arange(20),
        12 * np.arange(10),
        np.delete(6 * np.arange(24), [5, 6, 11]),
        np.roll(6 * np.arange(20), 7),
    ],
    ids=["6-hourly", "12-hourly", "gaps", "two pieces"],
)
def test_pairs_from_nature_are_valid_at_one_time(world, tmp_path, steps):
    data = store(tmp_path, FIRST + steps)
    count = int(np.isin(steps + 48, steps).sum())
    pairs = read_pairs(statistics.nature_pairs(data, world, count, tmp_path / "pairs.safetensors"))
    assert len(pairs) == count
    np.testing.assert_array_equal(pairs[:, 0], pairs[:, 1])
    assert len(np.unique(pairs[:, 0])) == count
    with pytest.raises(UserError, match=f"holds {count} pairs of states 48 h apart; {count + 1} were asked for"):
        statistics.nature_pairs(data, world, count + 1, tmp_path / "more.safetensors")
