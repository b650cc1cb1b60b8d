"""URLs reach the file system that they name, unharmed."""

from pathlib import Path

import numpy as np
import pytest

from latentda.fields import FieldsError, StateWriter, StoreSampler, layout_of_store, open_store, read_states
from latentda.fields.opening import located
from latentda.grid import NoLevels, build_layout, hour_sequence, lat_lon_grid

fsspec = pytest.importorskip("fsspec")
LAYOUT = build_layout(lat_lon_grid(3, 4), NoLevels(), {}, ["sp"])
STATES = np.random.default_rng(0).normal(1e5, 500.0, (5, *LAYOUT.shape)).astype(np.float32)


@pytest.fixture
def store(tmp_path):
    StateWriter(tmp_path / "a.zarr", LAYOUT, compact=False).append(STATES, hour_sequence("2000-01-01", 5, 6))
    return tmp_path / "a.zarr"


def in_memory(path, place):
    """Copy what is on disk to fsspec's memory."""
    system = fsspec.filesystem("memory")
    system.put(str(path), place, recursive=path.is_dir())
    return f"memory://{place}"


def same(url):
    dataset = open_store(url)
    assert layout_of_store(dataset) == LAYOUT
    np.testing.assert_array_equal(read_states(dataset, LAYOUT), STATES)
    assert len(StoreSampler(url, LAYOUT, start="2000-01-01T06").open()[2]) == 4


@pytest.mark.parametrize("kind", [str, Path])
def test_zarr_behind_a_url(store, kind):
    same(kind(in_memory(store, "/bucket/zarr_folder/a.zarr")))
    same(kind(f"file://{store}"))


@pytest.mark.parametrize("kind", [str, Path])
def test_netcdf_behind_a_url(store, tmp_path, kind):
    open_store(store).load().to_netcdf(tmp_path / "a.nc")
    same(kind(in_memory(tmp_path / "a.nc", "/bucket/a.nc")))
    same(kind(f"file://{tmp_path / 'a.nc'}"))


@pytest.mark.parametrize(
    "url",
    ["gs://bucket/era5.zarr", "s3://a/b/c", "https://x.org/a.nc", "simplecache::gs://b/a.zarr", "file:///data/a.zarr"],
)
def test_a_path_of_a_url_is_the_url_again(url):
    assert located(url) == url
    assert located(Path(url)) == url
    assert located(str(Path(url))) == url or "::" in url


@pytest.mark.parametrize("path", ["a.zarr", "/data/a.zarr", "C:/data/a.zarr", "here/12:00/a.zarr"])
def test_paths_stay_paths(path):
    assert located(path) == Path(path)


def test_a_url_of_nothing_is_named():
    with pytest.raises(FieldsError, match=r"There is no store at memory://nowhere/a\.zarr"):
        open_store("memory://nowhere/a.zarr")


def test_a_missing_or_unknown_file_system_is_named(monkeypatch):
    with pytest.raises(FieldsError, match=r"gopher://x/a\.zarr cannot be read with what is installed: .*gopher"):
        open_store("gopher://x/a.zarr")

    def without(protocol):
        raise ImportError("Install gcsfs to access Google Storage")

    monkeypatch.setattr("fsspec.core.get_filesystem_class", without)
    with pytest.raises(FieldsError, match=r"gs://bucket/a\.zarr cannot be read .*: Install gcsfs"):
        open_store(Path("gs://bucket/a.zarr"))


def test_grib_behind_a_url_is_to_be_copied():
    with pytest.raises(FieldsError, match="copy the file"):
        open_store("memory://bucket/a.grib2")
