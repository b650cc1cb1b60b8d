"""What cannot be written is said in one sentence, and a store keeps what was complete."""

import resource
from contextlib import contextmanager

import numpy as np
import pytest

from latentda.fields import StateWriter, open_store, to_dataset, write_netcdf
from latentda.grid import NoLevels, build_layout, hour_sequence, lat_lon_grid
from latentda.user_error import UserError

LAYOUT = build_layout(lat_lon_grid(16, 32), NoLevels(), {}, ("sp",))
TIMES = hour_sequence("2000-01-01", 12, 6)
STATES = np.random.default_rng(0).normal(1e5, 1e3, size=(12, *LAYOUT.shape)).astype(np.float32)


@contextmanager
def files_up_to(size):
    """Stands in for a disk without room: no file can grow beyond a size (bytes)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [10, 2000])
def test_of_a_first_write_without_room_nothing_is_left(tmp_path, size):
    with files_up_to(size), pytest.raises(UserError, match=r"n\.zarr cannot be written: the file would be larger"):
        StateWriter(tmp_path / "n.zarr", LAYOUT).append(STATES, TIMES)
    assert list(tmp_path.iterdir()) == []


def test_a_later_write_without_room_leaves_what_was_complete(tmp_path):
    writer = StateWriter(tmp_path / "n.zarr", LAYOUT)
    writer.append(STATES[:4], TIMES[:4])
    before = open_store(tmp_path / "n.zarr").load()
    with files_up_to(2000), pytest.raises(UserError, match=r"n\.zarr cannot be written"):
        writer.append(STATES[4:], TIMES[4:])
    assert open_store(tmp_path / "n.zarr").equals(before)
    writer.append(STATES[4:], TIMES[4:])
    assert open_store(tmp_path / "n.zarr").sizes["time"] == 12


@pytest.mark.parametrize("size", [10, 5000])
def test_of_a_netcdf_file_without_room_nothing_is_left(tmp_path, size):
    with files_up_to(size), pytest.raises(UserError, match=r"n\.nc cannot be written: the file would be larger"):
        write_netcdf(to_dataset(STATES, LAYOUT, TIMES), tmp_path / "n.nc")
    assert list(tmp_path.iterdir()) == []
