"""A world made of a store: what it holds, what it leaves out, what it refuses."""

import numpy as np
import pytest
import xarray as xr

from latentda.user_error import UserError
from latentda.workflows.create_world import create_world
from latentda.world import WorldFolder
from tests.workflows.own_data import LEVELS, sample, world


def test_settings_say_everything_and_are_read_again():
    text = (world().folder / "world.yaml").read_text()
    for entry in ("name", "interval_hours", "variables", "levels", "model", "imperfect_model", "model_error", "code"):
        assert f"\n{entry}:" in text
    settings = WorldFolder(world().folder).settings
    assert settings.interval_hours == 6
    assert settings.levels == LEVELS
    assert settings.variables == world().layout.variables


def test_the_orography_is_that_of_the_file():
    with xr.open_dataset(sample() / "static.nc") as static:
        np.testing.assert_allclose(world().orography(), 9.80665 * static["orography"], rtol=1e-5)


def test_only_what_is_asked_for_is_taken(tmp_path):
    made = create_world(
        tmp_path / "W", sample() / "era5.zarr", variables=("t", "msl"), levels=(500.0,), annual=0, diurnal=0
    )
    assert made.layout.names == ("t@500", "msl")
    assert made.layout.vertical.levels == (500.0,)
    assert made.left_out["geopotential"] == "not asked for"
    assert made.orography == ""


@pytest.fixture
def store(tmp_path):
    with xr.open_dataset(sample() / "era5.zarr", engine="zarr") as dataset:
        yield dataset[["temperature", "mean_sea_level_pressure"]].isel(time=slice(0, 40)).load(), tmp_path / "own.nc"


def test_what_cannot_be_part_of_a_state_is_left_out_with_its_reason(store, tmp_path):
    dataset, path = store
    zeros = xr.zeros_like(dataset["mean_sea_level_pressure"])
    holes = dataset["mean_sea_level_pressure"].where(dataset["latitude"] > 0).rename("2m_temperature")
    more = {
        "10m_wind_speed": zeros.assign_attrs(units="m s-1"),
        "2m_temperature": holes.assign_attrs(units="K"),
        "chlorophyll": zeros,
        "geopotential_at_surface": zeros.isel(time=0, drop=True).assign_attrs(units="m2 s-2"),
    }
    dataset.assign(more).to_netcdf(path)
    made = create_world(tmp_path / "W", path, annual=0, diurnal=0)
    assert set(made.layout.variables) == {"t", "msl"}
    assert made.left_out == {
        "10m_wind_speed": "does not vary",
        "2m_temperature": "holds missing values",
        "chlorophyll": "not known",
        "geopotential_at_surface": "the orography",
    }
    assert made.orography == str(path)


def test_surface_pressure_wants_an_orography(store, tmp_path):
    dataset, path = store
    dataset.rename(mean_sea_level_pressure="surface_pressure").to_netcdf(path)
    with pytest.raises(UserError, match="--orography"):
        create_world(tmp_path / "W", path, annual=0, diurnal=0)
    assert not (tmp_path / "W").exists()


def test_a_world_is_not_made_over_another():
    with pytest.raises(UserError, match="is a world already"):
        create_world(world().folder, sample() / "era5.zarr")


def test_levels_of_heights_are_no_orography(store, tmp_path):
    dataset, path = store
    dataset.to_netcdf(path)
    with pytest.raises(UserError, match="holds no orography"):
        create_world(tmp_path / "W", path, orography=path, annual=0, diurnal=0)
