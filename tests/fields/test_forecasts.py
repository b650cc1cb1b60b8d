"""Stores of forecasts, as several writers write them: which states are valid at one time, and what is refused."""

from functools import cache

import numpy as np
import pytest
import xarray as xr

from latentda.fields import FieldsError, layout_of_store, open_forecasts, to_dataset
from latentda.grid import PressureLevels, build_layout, lat_lon_grid

LEVELS = (500.0, 850.0)
LAYOUT = build_layout(lat_lon_grid(4, 8), PressureLevels(LEVELS), dict.fromkeys("zt", LEVELS), ["msl"])
LEADS = (0, 24, 48, 72)
STARTS = np.datetime64("2018-01-01", "ns") + np.arange(4) * np.timedelta64(24, "h")
FIRST = int((STARTS[0] - np.datetime64(0, "s")) / np.timedelta64(1, "h"))
TIMEDELTAS = np.array(LEADS) * np.timedelta64(1, "h").astype("timedelta64[ns]")


def state(start, lead, member=0):
    """Every number of a state says of which forecast it is."""
    return np.full(LAYOUT.shape, 1000.0 * start + lead + 0.1 * member, np.float32)


@cache
def every_forecast(members):
    by_lead = []
    for lead in LEADS:
        by_member = [np.stack([state(start, lead, m) for start in range(len(STARTS))]) for m in range(members)]
        by_lead.append(xr.concat([to_dataset(states, LAYOUT, STARTS) for states in by_member], "number"))
    dataset = xr.concat(by_lead, "prediction_timedelta")
    return dataset.assign_coords(prediction_timedelta=TIMEDELTAS, number=np.arange(members))


def forecasts(members=0):
    """As in WeatherBench 2, with decoded leads."""
    dataset = every_forecast(members or 1).copy(deep=True)
    return dataset if members else dataset.isel(number=0, drop=True)


def stored(dataset, path):
    file = path / f"{len(list(path.iterdir()))}.nc"
    dataset.to_netcdf(file)
    return open_forecasts(file)


def numbers(leads, units):
    return ("prediction_timedelta", np.asarray(leads), {"units": units} if units else {})


def weatherbench_x(dataset):
    return dataset.rename(time="init_time", prediction_timedelta="lead_time")


def with_leads(leads, units):
    return lambda dataset: dataset.assign_coords(prediction_timedelta=numbers(leads, units))


def cfgrib(dataset):
    valid = dataset["time"] + dataset["prediction_timedelta"]
    found = dataset.rename(prediction_timedelta="step", level="isobaricInhPa").assign_coords(number=0)
    return found.assign_coords(valid_time=(("time", "step"), valid.values))


def climate_data_store(dataset):
    names = {"time": "forecast_reference_time", "prediction_timedelta": "forecast_period", "level": "pressure_level"}
    valid = (dataset["time"] + dataset["prediction_timedelta"]).values
    return dataset.rename(names).assign_coords(valid_time=(("forecast_reference_time", "forecast_period"), valid))


def turned(dataset):
    return dataset.transpose("prediction_timedelta", "longitude", "latitude", "level", "time").isel(
        time=slice(None, None, -1), latitude=slice(None, None, -1)
    )


def by_its_attributes(dataset):
    found = dataset.rename(time="t0", prediction_timedelta="tau")
    found["t0"].attrs["standard_name"] = "forecast_reference_time"
    found["tau"].attrs["standard_name"] = "forecast_period"
    return found


CONVENTIONS = {
    "time differences": lambda dataset: dataset,
    "days": with_leads([0, 1, 2, 3], "days"),
    "hours as floats": with_leads([0.0, 24.0, 48.0, 72.0], "hours"),
    "h": with_leads([0, 24, 48, 72], "h"),
    "nanoseconds": with_leads(TIMEDELTAS.astype(np.int64), "nanoseconds"),
    "nanoseconds that say nothing": with_leads(TIMEDELTAS.astype(np.int64), ""),
    "WeatherBench-X": weatherbench_x,
    "cfgrib": cfgrib,
    "Climate Data Store": climate_data_store,
    "another order of everything": turned,
    "CF names only": by_its_attributes,
}


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS.keys())
def test_pairs_are_forecasts_valid_at_one_time(tmp_path, convention):
    store = stored(convention(forecasts()), tmp_path)
    assert store.leads == LEADS
    store.require(LAYOUT)
    found = list(store.pairs(LAYOUT, 24, 48))
    assert [hours for hours, *_ in found] == [FIRST + 48, FIRST + 72, FIRST + 96]
    for number, (_, short, long) in enumerate(found):
        np.testing.assert_array_equal(short, state(number + 1, 24))
        np.testing.assert_array_equal(long, state(number, 48))


def test_the_layout_of_the_world_is_read_of_a_store_that_has_more(tmp_path):
    layout = LAYOUT.select(["t", "msl"])
    (_, short, _), *_ = stored(forecasts(), tmp_path).pairs(layout, 24, 48)
    assert short.shape == layout.shape


def test_forecasts_by_valid_time(tmp_path):
    store = stored(forecasts().rename(time="valid_time"), tmp_path)
    found = list(store.pairs(LAYOUT, 24, 48))
    assert [hours for hours, *_ in found] == [FIRST + 24 * i for i in range(4)]
    np.testing.assert_array_equal(found[2][1], state(2, 24))
    np.testing.assert_array_equal(found[2][2], state(2, 48))


def test_a_period_is_of_times_of_validity(tmp_path):
    forecasts().to_netcdf(tmp_path / "store.nc")
    store = open_forecasts(tmp_path / "store.nc", "2018-01-04", "2018-01-05")
    assert [hours for hours, *_ in store.pairs(LAYOUT, 24, 48)] == [FIRST + 72]


def test_zarr_is_read_a_date_at_a_time(tmp_path, monkeypatch):
    forecasts().to_zarr(tmp_path / "store.zarr", consolidated=False, zarr_format=3)
    store = open_forecasts(tmp_path / "store.zarr")
    sizes = []

    def read(dataset, layout):
        sizes.append(dict(dataset.sizes))
        return np.zeros((dataset.sizes["time"], *layout.shape), np.float32)

    monkeypatch.setattr("latentda.fields.forecasts.read_states", read)
    assert len(list(store.pairs(LAYOUT, 24, 48))) == 3
    assert [size["time"] for size in sizes] == [1, 2, 2, 1]


@pytest.mark.parametrize(
    ("leads", "asked", "chosen"),
    [
        ((0, 24, 48, 72), (), (24, 48)),
        ((6, 12, 24, 36, 48), (), (24, 48)),
        ((24, 72), (), (24, 72)),
        ((12, 24, 36), (), (12, 36)),
        ((0, 24), (), (0, 24)),
        ((6, 18), (), (6, 18)),
        ((0, 24, 48, 72), (None, 72), (48, 72)),
        ((0, 24, 48, 72), (0,), (0, 24)),
        ((24, 48, 72), (24, 72), (24, 72)),
    ],
)
def test_leads_are_chosen_of_those_there_are(tmp_path, leads, asked, chosen):
    dataset = forecasts().isel(prediction_timedelta=[0] * len(leads), time=[0] * 8)
    starts = STARTS[0] + np.arange(8) * np.timedelta64(12, "h")
    dataset = dataset.assign_coords(prediction_timedelta=numbers(leads, "hours"), time=starts)
    assert stored(dataset, tmp_path).chosen_leads(*asked) == chosen


def test_what_makes_no_pairs_is_named_with_the_remedy(tmp_path):
    one = stored(forecasts().isel(prediction_timedelta=[1]), tmp_path)
    with pytest.raises(FieldsError, match=r"one lead, 24 h, and no two of them suit .* want two leads"):
        one.chosen_leads()
    store = stored(forecasts(), tmp_path)
    with pytest.raises(FieldsError, match="leads of 0 h, 24 h, 48 h, 72 h, not 36 h"):
        store.chosen_leads(36)
    sparse = stored(forecasts().assign_coords(time=STARTS[0] + np.arange(4) * np.timedelta64(120, "h")), tmp_path)
    with pytest.raises(FieldsError, match="starts 24 h apart, and its 4 starts are 120 h apart; choose other leads"):
        sparse.chosen_leads(24, 48)
    with pytest.raises(FieldsError, match="ensemble of 3 members; give it with --members"):
        stored(forecasts(3), tmp_path).chosen_leads()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_leads([0, 24, 48, 72], ""), "leads, 0, 24, 48, 72, have no units; write the attribute units"),
        (with_leads([0, 24, 48, 72], "furlong"), "leads have units that do not suit: 'furlong'"),
        (with_leads([0, 90, 180, 270], "minutes"), "are not all whole hours"),
        (lambda dataset: dataset.drop_vars("prediction_timedelta"), "prediction_timedelta has no values"),
        (lambda dataset: dataset.drop_vars("time").rename(time="run"), "no times; a coordinate 'time'"),
    ],
)
def test_leads_that_nobody_can_tell_are_refused(tmp_path, change, message):
    with pytest.raises(FieldsError, match=message):
        stored(change(forecasts()), tmp_path)


def test_another_grid_or_a_missing_level_is_said_before_anything_is_read(tmp_path):
    store = stored(forecasts(), tmp_path)
    finer = build_layout(lat_lon_grid(6, 12), LAYOUT.vertical, dict.fromkeys("zt", LEVELS), ["msl"])
    with pytest.raises(FieldsError, match=r"\.nc: The store's grid, 4 x 8 .* regrid it first"):
        store.require(finer)
    more = (500.0, 700.0, 850.0)
    with pytest.raises(FieldsError, match="lacks geopotential at 700"):
        store.require(build_layout(LAYOUT.grid, PressureLevels(more), dict.fromkeys("zt", more), ["msl"]))
    with pytest.raises(FieldsError, match="lacks surface_pressure"):
        store.require(build_layout(LAYOUT.grid, LAYOUT.vertical, dict.fromkeys("zt", LEVELS), ["sp"]))


def test_a_state_that_is_not_finite_is_named_by_its_start(tmp_path):
    dataset = forecasts()
    dataset["temperature"][{"time": 2, "prediction_timedelta": 1}] = np.nan
    with pytest.raises(FieldsError, match=r"started at 2018-01-03T00:00: .* NaN .* Leave it out with --start and"):
        list(stored(dataset, tmp_path).pairs(LAYOUT, 24, 48))


@pytest.mark.parametrize("name", ["number", "member", "realization", "ensemble"])
def test_members_of_an_ensemble(tmp_path, name):
    store = stored(forecasts(3).rename(number=name), tmp_path)
    assert store.members == 3
    found = list(store.ensembles(LAYOUT, 24))
    assert [hours for hours, _ in found] == [FIRST + 24 * i for i in range(1, 5)]
    np.testing.assert_array_equal(found[1][1], np.stack([state(1, 24, m) for m in range(3)]))


def test_analyses_of_an_ensemble_have_no_lead(tmp_path):
    dataset = forecasts(3).isel(prediction_timedelta=0, drop=True)
    for times in ("time", "valid_time"):
        store = stored(dataset.rename(time=times), tmp_path)
        assert (store.leads, store.chosen_lead(None, 6)) == ((), None)
        assert [hours for hours, _ in store.ensembles(LAYOUT, None)] == [FIRST + 24 * i for i in range(4)]


def test_one_lead_kept_as_a_number(tmp_path):
    store = stored(forecasts(3).isel(prediction_timedelta=2), tmp_path)
    assert store.chosen_lead(None, 6) == 48
    assert next(store.ensembles(LAYOUT, 48))[0] == FIRST + 48


def test_the_usual_lead_is_the_nearest_that_is_a_forecast(tmp_path):
    store = stored(forecasts(3), tmp_path)
    assert (store.chosen_lead(None, 6), store.chosen_lead(None, 50), store.chosen_lead(72, 6)) == (24, 48, 72)


def test_forecasts_are_no_ensemble(tmp_path):
    for store in (stored(forecasts(), tmp_path), stored(forecasts(1), tmp_path)):
        with pytest.raises(FieldsError, match="holds no ensemble: it has no dimension number"):
            list(store.ensembles(LAYOUT, 24))


def test_the_layout_may_be_taken_from_forecasts(tmp_path):
    found = layout_of_store(stored(forecasts(), tmp_path).dataset, LAYOUT.variables)
    assert found == LAYOUT
