"""Forecasts out, and how WeatherBench-X reads them and verifies them; what it does stands here as facts.

Its loaders name ``time`` and ``prediction_timedelta`` of predictions ``init_time`` and ``lead_time``, ``time`` of
analyses ``valid_time``, and want latitude and longitude. ``GridAreaWeighting`` weighs a row by the difference of the
sines of its edges, half-way between rows, the outer ones half a spacing beyond and not beyond the poles; its RMSE is
the root of the weighted mean of squares over times and points.
"""

import numpy as np
import pytest
import xarray as xr

from latentda.fields import (
    FieldsError,
    StateWriter,
    forecast_dataset,
    open_forecasts,
    read_states,
    to_dataset,
    write_forecasts,
)
from latentda.grid import Grid, gaussian_grid, lat_lon_grid, regional_grid
from latentda.verification import error_sums
from latentda.workflows.verify import verify
from tests.worlds import pressure_layout, states_of

STARTS = np.array(["2020-01-01T00", "2020-01-01T12", "2020-01-02T00"], "M8[ns]")
LEADS = (12, 24)
LAYOUT = pressure_layout(lat_lon_grid(8, 16))


def weatherbench_weights(latitude):
    """Relative areas of rows, mean 1."""
    south_first = np.sort(np.deg2rad(latitude))
    middle = 0.5 * (south_first[1:] + south_first[:-1])
    first = max(south_first[0] - 0.5 * np.diff(south_first)[0], -np.pi / 2)
    last = min(south_first[-1] + 0.5 * np.diff(south_first)[-1], np.pi / 2)
    weights = np.diff(np.sin(np.concatenate([[first], middle, [last]])))
    weights = weights if latitude[0] < latitude[-1] else weights[::-1]
    return weights / weights.mean()


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forecasts")
    states = states_of(LAYOUT, len(STARTS) * len(LEADS)).reshape(len(STARTS), len(LEADS), *LAYOUT.shape)
    write_forecasts(forecast_dataset(states, LAYOUT, STARTS, LEADS, {"title": "forecasts"}), folder / "forecast.zarr")
    times = STARTS[0] + np.arange(5) * np.timedelta64(12, "h")
    analyses = states_of(LAYOUT, 5, seed=1)
    StateWriter(folder / "analysis.zarr", LAYOUT, compact=False).append(analyses, times)
    return folder, states, analyses


def test_the_dimensions_are_weatherbenchs(stores):
    folder, states, _ = stores
    dataset = xr.open_zarr(folder / "forecast.zarr", consolidated=True)
    assert dataset["temperature"].dims == ("time", "prediction_timedelta", "level", "latitude", "longitude")
    assert dataset["surface_pressure"].dims == ("time", "prediction_timedelta", "latitude", "longitude")
    assert dataset["prediction_timedelta"].dtype.kind == "m"
    assert dataset["prediction_timedelta"].values.astype("timedelta64[h]").astype(int).tolist() == list(LEADS)
    one = dataset.isel(prediction_timedelta=1, drop=True)
    np.testing.assert_array_equal(read_states(one.load(), LAYOUT), states[:, 1])


def test_our_own_reader_takes_them(stores):
    forecasts = open_forecasts(stores[0] / "forecast.zarr")
    assert forecasts.valid_hours(*LEADS).size == 2


def test_its_loaders_find_predictions_and_targets_and_its_rmse_is_ours(stores):
    folder, states, analyses = stores
    names = {"time": "init_time", "prediction_timedelta": "lead_time"}
    predictions = xr.open_zarr(folder / "forecast.zarr").rename(names)
    targets = xr.open_zarr(folder / "analysis.zarr").rename(time="valid_time")
    leads = np.array(LEADS, "timedelta64[h]").astype("timedelta64[ns]")
    chunk = predictions.sel(init_time=STARTS, lead_time=leads)
    valid = xr.DataArray(STARTS, coords={"init_time": STARTS}) + xr.DataArray(leads, coords={"lead_time": leads})
    truth = targets.sel(valid_time=valid)
    weights = xr.DataArray(
        weatherbench_weights(chunk["latitude"].values), coords={"latitude": chunk["latitude"].values}
    )
    square = (chunk["temperature"].astype(float) - truth["temperature"].astype(float)) ** 2
    dims = ["init_time", "latitude", "longitude"]
    theirs = np.sqrt((square * weights).mean(dims)).transpose("lead_time", "level").values
    for k, lead in enumerate(LEADS):
        at = [(time + np.timedelta64(lead, "h") - STARTS[0]) // np.timedelta64(12, "h") for time in STARTS]
        ours = error_sums(states[:, k], analyses[at], LAYOUT).rmse
        rows = [LAYOUT.index("t", level) for level in chunk["level"].values]
        np.testing.assert_allclose(ours[rows], theirs[k], rtol=1e-6)


def test_verify_gives_weatherbenchs_number(stores, tmp_path):
    folder, _, analyses = stores
    times = STARTS[0] + np.arange(5) * np.timedelta64(12, "h")
    to_dataset(analyses + 1.0, LAYOUT, times).to_zarr(tmp_path / "other.zarr")
    found = verify(tmp_path / "other.zarr", folder / "analysis.zarr")
    np.testing.assert_allclose(found.sums.rmse[: LAYOUT.index("sp", None)], 1.0, rtol=1e-3)


@pytest.mark.parametrize(
    "grid",
    [
        lat_lon_grid(8, 16),
        lat_lon_grid(9, 16, poles=True),
        Grid(tuple(lat_lon_grid(8, 16).latitude[::-1]), lat_lon_grid(8, 16).longitude),
        regional_grid([30.0, 35.0, 41.0], [0.0, 5.0]),
    ],
    ids=["cells", "poles", "north first", "region"],
)
def test_weights_are_the_same(grid):
    np.testing.assert_allclose(grid.latitude_weights, weatherbench_weights(np.asarray(grid.latitude)), rtol=1e-12)


def test_on_a_gaussian_grid_weights_differ_by_what_the_page_says():
    grid = gaussian_grid(48, 96)
    apart = grid.latitude_weights / weatherbench_weights(np.asarray(grid.latitude)) - 1.0
    assert -0.0095 < apart[0] < -0.0094
    assert np.abs(apart[1:-1]).max() < 8e-4


def test_shapes_that_do_not_fit_are_refused():
    states = states_of(LAYOUT, 2).reshape(1, 2, *LAYOUT.shape)
    with pytest.raises(FieldsError, match="from 2 times to 2 leads"):
        forecast_dataset(states, LAYOUT, STARTS[:2], LEADS)
