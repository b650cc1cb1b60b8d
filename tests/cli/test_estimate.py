"""``latentda estimate climatology`` on stores as users have them."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from latentda.cli.app import app
from latentda.fields import read_standardizer, to_dataset
from latentda.grid import PressureLevels, build_layout, lat_lon_grid

REPORTED = Path(__file__).parents[1] / "data" / "reported"


def estimate(data, world, *options):
    command = ["estimate", "climatology", "--data", str(data), "--world", str(world), *options]
    result = CliRunner().invoke(app, command)
    file = Path(world) / "standardizer.safetensors"
    return result, read_standardizer(file) if result.exit_code == 0 else None


def daily_amplitude(standardizer):
    """Of t@850 at 0 N 0 E (K)."""
    layout = standardizer.layout
    row, column = layout.grid.latitude.index(0.0), layout.grid.longitude.index(0.0)
    return float(np.hypot(*standardizer.climatology.coefficients[-2:, layout.index("t@850"), row, column]))


def scale(standardizer, name):
    return float(standardizer.scale[standardizer.layout.index(name)])


def test_times_in_two_pieces(tmp_path):
    _, found = estimate(REPORTED / "10_times_in_two_pieces" / "states.nc", tmp_path)
    assert daily_amplitude(found) == pytest.approx(2.2587, rel=1e-3)
    assert scale(found, "t@850") == pytest.approx(1.5035, abs=1e-4)


def test_a_closed_circle_of_meridians(tmp_path):
    _, found = estimate(REPORTED / "12_meridian_0_and_360" / "states.nc", tmp_path)
    assert scale(found, "sp") == pytest.approx(300.69, abs=0.01)
    assert found.layout.grid.periodic


def test_a_year_at_three_hours_of_the_day(tmp_path):
    result, found = estimate(REPORTED / "14_eight_hourly_year" / "states.nc", tmp_path)
    assert result.stderr == ""
    assert (found.climatology.annual, found.climatology.diurnal) == (2, 1)
    assert daily_amplitude(found) == pytest.approx(2.3993, rel=1e-3)


def test_times_that_come_twice_are_said_once(tmp_path):
    result, found = estimate(REPORTED / "13_times_twice" / "states.nc", tmp_path)
    assert found is not None
    assert result.stderr.count("10 times more than once (2001-09-15T12:00, ") == 1


@pytest.fixture(scope="module")
def daily(tmp_path_factory):
    """A year at noon."""
    levels = (500.0, 850.0)
    layout = build_layout(lat_lon_grid(3, 4), PressureLevels(levels), dict.fromkeys("uvtq", levels), ["sp"])
    states = np.random.default_rng(0).normal(10.0, 1.0, (365, *layout.shape)).astype(np.float32)
    times = np.datetime64("2001-01-01T12", "s") + np.arange(365) * np.timedelta64(1, "D")
    path = tmp_path_factory.mktemp("daily") / "store.nc"
    to_dataset(states, layout, times).to_netcdf(path)
    return path


def test_a_daily_store_gets_no_daily_cycle_and_a_sentence(daily, tmp_path):
    result, found = estimate(daily, tmp_path)
    assert (found.climatology.annual, found.climatology.diurnal) == (2, 0)
    assert "cannot tell 2 annual and 1 daily harmonics apart" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_numbers_of_harmonics_are_options_of_the_command(daily, tmp_path):
    result, _ = estimate(daily, tmp_path, "--diurnal", "1")
    assert result.exit_code == 1
    assert "--annual and --diurnal, now 0 and 1" in result.stderr
    result, found = estimate(daily, tmp_path, "--annual", "1", "--diurnal", "0")
    assert (found.climatology.annual, found.climatology.diurnal) == (1, 0)
    assert result.stderr == ""


def test_grib_where_nothing_may_be_written(tmp_path):
    pytest.importorskip("cfgrib", exc_type=ImportError)
    result, found = estimate(REPORTED / "16_grib_in_a_read_only_folder" / "analysis.grib", tmp_path / "world")
    assert found is not None
    assert "Traceback" not in result.output
    assert not list(REPORTED.rglob("*.idx"))
