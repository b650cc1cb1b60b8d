"""From a nature run to pairs of states: of forecasts, of cycles, of the climate; all valid at one time."""

import jax.numpy as jnp
import numpy as np
import pytest

from latentda.cycling import Cycle
from latentda.experiments.twin import pairs
from latentda.experiments.twin.pairs import climatological_pairs, cycling_pairs, nature_pairs, verification_pairs
from latentda.fields import Climatology, Standardizer, StateWriter, to_dataset, unit_standardizer
from latentda.forecast import Persistence
from latentda.grid import NoLevels, build_layout, datetime_of_hours, hours_since_1970, lat_lon_grid
from latentda.operators import Diagonal
from latentda.priors import read_pairs, write_background_error
from latentda.user_error import UserError
from latentda.world import WorldFolder
from tests.cycling.conftest import LAYOUT as SMALL
from tests.experiments.worlds import FIRST, still_truth, still_world, write_world
from tests.worlds import SIZE, TYPICAL, sigma_layout, sizes_of, states_of

LAYOUT = sigma_layout()
INTERVAL = 12
COUNT = 80
STATES = states_of(LAYOUT, COUNT)
HOURS = FIRST + INTERVAL * np.arange(COUNT)
SURFACE = build_layout(lat_lon_grid(3, 4), NoLevels(), {}, ["sp"])
MARCH = int(hours_since_1970("1970-03-01"))


def times(hours):
    return np.datetime64(0, "s") + np.asarray(hours) * np.timedelta64(1, "h")


def write_states(path, layout, states, hours):
    StateWriter(path, layout, compact=False).append(states, times(hours))
    return path


class Clock(Persistence):
    """A model whose states are the hours at which they are valid."""

    def propagate(self, state, start_hours, lead_hours):
        np.testing.assert_array_equal(state, start_hours)
        return jnp.stack([jnp.asarray(state) + lead for lead in lead_hours])


def clock(world):
    return Clock(world.layout)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_states(tmp_path_factory.mktemp("nature") / "nature.zarr", LAYOUT, STATES, HOURS)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Of two forecasts by persistence the errors are known: they are the states they started from."""
    mean = jnp.broadcast_to(jnp.asarray(sizes_of(LAYOUT, TYPICAL), jnp.float32), LAYOUT.shape)
    scale = jnp.asarray(sizes_of(LAYOUT, SIZE)[:, 0, 0], jnp.float32)
    climate = Standardizer(Climatology(mean[None], 0, 0), scale, LAYOUT)
    return write_world(tmp_path_factory.mktemp("world"), climate, "persistence")


def anomalies(world, state, hours):
    return np.asarray(world.standardizer.to_anomaly(jnp.asarray(state), np.int32(hours)))


def same(found, wanted):
    """Up to the precision in which pairs are kept."""
    np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_pairs_of_a_nature_run_are_valid_at_one_time_whatever_its_interval(store, world, tmp_path):
    found = read_pairs(nature_pairs(store, world, 5, tmp_path / "pairs.safetensors", seed=3))
    starts = np.sort(np.random.default_rng(3).choice(HOURS[: -48 // INTERVAL], 5, replace=False))
    assert found.shape == (5, 2, *LAYOUT.shape)
    for (short, long), hours in zip(found, starts, strict=True):
        i = (hours - FIRST) // INTERVAL
        same(long, anomalies(world, STATES[i], hours + 72))
        same(short, anomalies(world, STATES[i + 48 // INTERVAL], hours + 72))


def test_more_pairs_than_a_nature_run_holds_are_refused(store, world, tmp_path):
    with pytest.raises(UserError, match=r"77 pairs were wanted.*76 states"):
        nature_pairs(store, world, 77, tmp_path / "pairs.safetensors")


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
def test_pairs_of_a_nature_run_use_all_its_states(tmp_path, steps):
    world = write_world(tmp_path / "world", unit_standardizer(SURFACE), f"{__name__}:clock")
    hours = MARCH + steps
    states = np.broadcast_to(hours[:, None, None, None], (len(hours), *SURFACE.shape)).astype(np.float32)
    to_dataset(states, SURFACE, times(hours)).to_netcdf(tmp_path / "store.nc")
    count = int(np.isin(steps + 48, steps).sum())
    found = read_pairs(nature_pairs(tmp_path / "store.nc", world, count, tmp_path / "pairs.safetensors"))
    assert len(found) == count
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    assert len(np.unique(found[:, 0])) == count
    with pytest.raises(UserError, match=rf"{count + 1} pairs were wanted.* has {count} states with one 48 h later"):
        nature_pairs(tmp_path / "store.nc", world, count + 1, tmp_path / "more.safetensors")


def cycles():
    return [Cycle(int(h), b, x, {}) for h, b, x in zip(HOURS, STATES[::-1], STATES, strict=True)]


def test_pairs_of_a_cycling_run_start_from_its_analyses(world, tmp_path):
    found = read_pairs(cycling_pairs(cycles()[:5], world, tmp_path / "pairs.safetensors"))
    assert len(found) == 3
    for (short, long), k in zip(found, range(3), strict=True):
        valid = int(HOURS[k]) + 48
        same(long, anomalies(world, STATES[k], valid))
        same(short, anomalies(world, STATES[k + 2], valid))


def test_pairs_of_verification_are_truth_and_background(store, world, tmp_path):
    found = read_pairs(verification_pairs(store, cycles()[:2], world, tmp_path / "pairs.safetensors"))
    for (true, background), k in zip(found, range(2), strict=True):
        same(true, anomalies(world, STATES[k], HOURS[k]))
        same(background, anomalies(world, STATES[-1 - k], HOURS[k]))


def test_climatological_pairs_are_five_days_apart(store, world, tmp_path):
    found = read_pairs(climatological_pairs(store, world, None, None, tmp_path / "pairs.safetensors"))
    assert len(found) == COUNT * INTERVAL // 120
    np.testing.assert_array_equal(found[:, 0], 0.0)
    same(found[1, 1], anomalies(world, STATES[10], HOURS[10]))


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    """A still world, two truths, and a run of two cycles: what is refused in its folder changes nothing there."""
    folder, truth = tmp_path_factory.mktemp("still"), still_truth()
    for name, shift in (("data", 0.0), ("other", 1.0)):
        write_states(folder / f"{name}.zarr", SMALL, truth.states[:3] + np.float32(shift), truth.hours[:3])
    for name in ("world", "other_world"):
        still_world(folder / name)
    write_background_error(
        Diagonal(jnp.full(SMALL.shape, 2.0)), folder / "other_world" / "forecast" / "model.safetensors"
    )
    return folder


def cycled(still, cycles=2, data="data.zarr", world="world", network="sparse-20", factor=5.0, seed=1):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "SPINUP_CYCLES", 0)
        return pairs.cycling_run(
            still / data,
            WorldFolder(still / world),
            datetime_of_hours(FIRST),
            cycles,
            still / "run",
            network=network,
            factor=factor,
            seed=seed,
        )


@pytest.fixture(scope="module")
def short(still):
    return cycled(still)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"factor": 2.0}, "factor"),
        ({"network": "sparse"}, "network"),
        ({"seed": 7}, "seed"),
        ({"world": "other_world"}, "world"),
        ({"data": "other.zarr"}, "data"),
    ],
)
def test_cycles_of_another_run_are_refused(still, short, change, name):
    with pytest.raises(UserError, match=rf"it differs in {name}\)"):
        cycled(still, **change)


def test_the_same_run_goes_on_and_can_be_made_longer(still, short):
    longer = cycled(still, cycles=3)
    assert [cycle.hours for cycle in longer] == [FIRST, FIRST + 12, FIRST + 24]
    for before, after in zip(short, longer[:2], strict=True):
        np.testing.assert_array_equal(before.analysis, after.analysis)
