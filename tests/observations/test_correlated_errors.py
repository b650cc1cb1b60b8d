import jax.numpy as jnp
import numpy as np
import pytest

from latentda.observations import column, concatenate, make_batch, table_from_columns, vertical_correlation

pytestmark = pytest.mark.usefixtures("float64")
TIME = np.datetime64("1989-01-01T12:00", "ns")
LENGTH = 0.3


def soundings():
    """Two ascents of one station, one of another, an aircraft; t and u in file order."""
    station = ["A"] * 6 + ["A"] * 4 + ["B"] * 4 + ["P"] * 2
    pressure = [1000, 1000, 850, 850, 500, 500, 990, 990, 700, 700, 1000, 850, 700, 300, 250, 240]
    variable = ["t", "u", "t", "u", "t", "u", "t", "u", "t", "u", "t", "t", "t", "t", "t", "t"]
    rows = len(station)
    kind = ["ADPUPA"] * 14 + ["AIRCFT"] * 2
    return table_from_columns(
        {
            "time": np.full(rows, TIME),
            "lat": np.zeros(rows),
            "lon": np.zeros(rows),
            "pres": 100.0 * np.asarray(pressure),
            "observation": np.ones(rows),
            "variable": variable,
            "station": station,
            "class": kind,
            "error": np.ones(rows),
        }
    )


def covariance(table):
    """The correlation matrix by its definition."""
    chain = np.asarray([0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 4, 4, 4, 4, 5, 6])
    height = -np.log(column(table, "pres").astype(float))
    together = chain[:, None] == chain
    return np.where(together, np.exp(-np.abs(height[:, None] - height) / LENGTH), 0.0)


def test_whitened_departures_measure_what_the_full_matrix_measures():
    table = soundings()
    batch = make_batch(table, TIME, sizes=(20,))
    whiten = vertical_correlation(table, batch, LENGTH).whiten
    rows = np.asarray(batch.row)[np.asarray(batch.valid)]
    R = covariance(table)[np.ix_(rows, rows)]
    departure = np.zeros(20)
    departure[: len(rows)] = np.random.default_rng(0).normal(size=len(rows))
    white = np.asarray(whiten(jnp.asarray(departure)))
    expected = departure[: len(rows)] @ np.linalg.solve(R, departure[: len(rows)])
    assert np.sum(white**2) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_array_equal(white[len(rows) :], 0.0)


def test_no_length_is_no_correlation():
    table = soundings()
    batch = make_batch(table, TIME)
    departure = jnp.arange(float(batch.size))
    np.testing.assert_array_equal(vertical_correlation(table, batch, 0.0).whiten(departure), departure)
    with pytest.raises(ValueError, match="must not be negative"):
        vertical_correlation(table, batch, -1.0)


def test_data_without_a_station_name_are_an_ascent_at_one_place_and_time_only():
    count = 6
    hours = np.array([0, 0, 0, 1, 0, 0]).astype("timedelta64[h]")
    columns = {
        "time": TIME + hours,
        "lat": [0.0, 40.0, -40.0, -40.0, 10.0, 10.0],
        "lon": [0.0, 120.0, 240.0, 240.0, 10.0, 10.0],
        "pres": 100.0 * np.array([850, 840, 830, 820, 700, 690]),
        "observation": np.ones(count),
        "variable": ["t"] * count,
        "class": ["ADPUPA"] * count,
        "error": np.ones(count),
    }
    table = table_from_columns(columns)
    phi = np.asarray(vertical_correlation(table, make_batch(table, TIME, sizes=(count,)), LENGTH).coefficient)
    np.testing.assert_allclose(phi, [0.0] * 5 + [np.exp(-np.log(700 / 690) / LENGTH)], rtol=1e-6)


def test_two_ascents_under_one_call_sign_stay_apart():
    columns = {
        "time": np.array([TIME, TIME]),
        "lat": [0.0, 50.0],
        "lon": [0.0, 180.0],
        "pres": [85000.0, 84000.0],
        "observation": np.ones(2),
        "variable": ["t", "t"],
        "station": ["SHIP", "SHIP"],
        "class": ["ADPUPA", "ADPUPA"],
        "error": np.ones(2),
    }
    table = table_from_columns(columns)
    assert not vertical_correlation(table, make_batch(table, TIME), LENGTH).coefficient.any()


def test_two_reports_of_one_level_stay_apart():
    table = soundings().slice(0, 1)
    twice = make_batch(concatenate([table, table]), TIME)
    found = vertical_correlation(concatenate([table, table]), twice, LENGTH)
    assert float(found.coefficient.max()) < 1.0
