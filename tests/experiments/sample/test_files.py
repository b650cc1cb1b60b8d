"""The files of the sample: made piece by piece, whole or not at all, on any grid."""

from itertools import islice

import numpy as np
import pytest
import xarray as xr

from latentda.experiments.sample import files, stores
from latentda.experiments.sample.atmosphere import Atmosphere
from latentda.experiments.sample.files import LEADS, SampleSettings, write_sample
from latentda.experiments.sample.layouts import sample_layout
from latentda.experiments.sample.stores import write_states
from latentda.fields import layout_of_store, open_store, read_states
from latentda.fields.writer import CHUNK
from latentda.grid import PressureLevels, build_layout, hours_since_1970
from latentda.user_error import UserError

SMALL = SampleSettings(days=5, soundings=10, surface=10, seed=3)


def layout_on(grid):
    levels = (500.0, 850.0, 1000.0)
    return build_layout(grid, PressureLevels(levels), {name: levels for name in ("z", "t", "u", "v", "q")}, ("msl",))


LAYOUT = layout_on(sample_layout(8, 16).grid)


def at_once():
    """The truth of the small sample as its equations say it, all times in memory."""
    atmosphere, random = Atmosphere(LAYOUT, 3), np.random.default_rng(SMALL.seed)
    one, states = atmosphere.noise(random), []
    for step in range(4 * (SMALL.days + 2) + 1):
        states.append(atmosphere.state(one, int(hours_since_1970(SMALL.start)) + 6 * step))
        one = atmosphere.forward(one, random)
    return np.stack(states)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The small sample, in pieces of one chunk and of one forecast."""
    folder = tmp_path_factory.mktemp("sample") / "s"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stores, "PIECE_BYTES", 1)
        write_sample(folder, LAYOUT, SMALL)
    return folder


def values(store):
    return read_states(open_store(store), LAYOUT)


def test_a_sample_made_in_pieces_has_the_states_made_at_once(sample):
    states = at_once()
    np.testing.assert_array_equal(values(sample / "era5.zarr"), states[: 4 * SMALL.days])
    np.testing.assert_array_equal(values(sample / "truth.zarr"), states[4 * SMALL.days :])


def test_the_size_of_pieces_changes_nothing(sample, tmp_path):
    write_sample(tmp_path / "s", LAYOUT, SMALL)
    for name in ("era5", "truth", "forecasts"):
        whole, pieces = (xr.open_zarr(folder / f"{name}.zarr", chunks=None) for folder in (tmp_path / "s", sample))
        xr.testing.assert_identical(whole, pieces)
    for name in ("soundings.csv", "surface.parquet", "background.nc"):
        assert (tmp_path / "s" / name).read_bytes() == (sample / name).read_bytes()


def test_stores_are_ordinary_ones_of_weatherbench(sample):
    states = xr.open_zarr(sample / "era5.zarr", consolidated=True)
    assert states["temperature"].dims == ("time", "level", "latitude", "longitude")
    assert states["temperature"].encoding["chunks"] == (CHUNK, 3, 8, 16)
    forecasts = xr.open_zarr(sample / "forecasts.zarr", consolidated=True)
    assert forecasts["temperature"].dims == ("time", "prediction_timedelta", "level", "latitude", "longitude")
    assert forecasts["temperature"].shape[:2] == (2 * SMALL.days, len(LEADS))
    assert forecasts["temperature"].encoding["chunks"] == (1, len(LEADS), 3, 8, 16)


def test_states_are_written_while_others_are_not_made_yet(tmp_path, monkeypatch):
    """So memory does not grow with their number: no more than a chunk of them waits."""
    monkeypatch.setattr(stores, "PIECE_BYTES", 1)
    made, most = [], []

    def states():
        for step in range(5 * CHUNK):
            partial = next(tmp_path.glob(".s.zarr.*"), None)
            there = len(open_store(partial)["time"]) if partial else 0
            most.append(len(made) - there)
            made.append(step)
            yield 6 * step, np.full(LAYOUT.shape, float(step + 1), np.float32)

    write_states(tmp_path / "s.zarr", LAYOUT, states())
    assert max(most) < CHUNK
    assert len(made) == values(tmp_path / "s.zarr").shape[0]


@pytest.mark.parametrize("killed", ["states", "forecasts"])
def test_a_store_that_is_not_finished_is_not_there(killed, tmp_path):
    class Killed(BaseException):
        pass

    def track(items, description, total):
        yield from islice(items, total // 2 if description == killed else total)
        if description == killed:
            raise Killed

    with pytest.raises(Killed):
        write_sample(tmp_path / "s", LAYOUT, SMALL, track=track)
    there = sorted(path.name for path in (tmp_path / "s").iterdir())
    assert there == {"states": [], "forecasts": ["era5.zarr", "truth.zarr"]}[killed]


@pytest.mark.parametrize(
    "grid",
    [sample_layout(8, 16, poles=True).grid, sample_layout(8, 16, region=(30.0, 65.0, -20.0, 40.0)).grid],
    ids=["poles", "region"],
)
def test_any_grid_will_do(grid, tmp_path):
    layout = layout_on(grid)
    write_sample(tmp_path / "s", layout, SMALL)
    found = open_store(tmp_path / "s" / "era5.zarr")
    assert layout_of_store(found).grid == layout.grid
    assert np.isfinite(read_states(found, layout)).all()
    assert sum(1 for _ in (tmp_path / "s" / "later").iterdir()) == 4 * files.LATER_DAYS
    assert len((tmp_path / "s" / "soundings.csv").read_text().splitlines()) > 1


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UserError, match=r"is not empty, it holds mine\.txt"):
        write_sample(tmp_path, LAYOUT, SMALL)
