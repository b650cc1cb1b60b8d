"""Times as tables write them: read as that instant or as none, never as another."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentda.observations import ObservationError
from latentda.observations.times import read_times

NOON = np.datetime64("2020-11-01T12:00", "ns")
SECONDS = st.datetimes(datetime(1930, 1, 1), datetime(2029, 12, 31)).map(lambda time: time.replace(microsecond=0))
SURE = SECONDS.filter(lambda time: not 1966 < time.year < 1974)
OFFSETS = st.integers(-14 * 60, 14 * 60)


def _read(values, time_format=None):
    times = read_times(values, time_format)
    return times.instants, times.unreadable


def _one(text, time_format=None):
    (instant,), (unreadable,) = _read([text], time_format)
    assert np.isnat(instant) or not unreadable
    return None if unreadable else instant


@pytest.mark.parametrize(
    "text",
    [
        "2020-11-01T12:00:00",
        "2020-11-01 12:00",
        "2020-11-01T12",
        "2020-11-01T12:00:00Z",
        "2020-11-01 12:00:00 UTC",
        "2020-11-01 12:00:00+00:00",
        "2020-11-01T13:00:00+01:00",
        "2020-11-01T13:00:00+0100",
        "2020-11-01T07:30-0430",
        "2020-11-02T02+14",
        "2020-11-01T12:00:00.000000000",
        "2020/11/01 12:00",
        "20201101T120000Z",
        "20201101 1200",
        "2020110112",
        "202011011200",
        "20201101120000",
        "2020110112.0",
        " 2020-11-01T12:00:00 ",
        "1604232000",
        "1604232000.0",
        "1604232000000",
        "1604232000000000",
        "1604232000000000000",
        "1.604232000000000000e+09",
    ],
)
def test_the_same_instant_in_many_ways(text):
    assert _one(text) == NOON


@pytest.mark.parametrize(
    "text",
    [
        "20201131",  # no such day
        "2020110125",  # no such hour
        "202011011260",
        "2020-02-30",
        "2020-11-01T25:00",
        "2020-11-01T12:00+99:00",
        "01.11.2020 12:00",
        "11/01/2020",
        "noon",
        "2011",
        "18446.5",  # days since 1970
        "1.60423E+12",  # a spreadsheet lost its seconds
        "2020110112000",
        "99999999999",
        "0",
        "0601-01-01",
    ],
)
def test_what_is_no_sure_time_is_unreadable(text):
    assert _one(text) is None


@pytest.mark.parametrize("text", ["", " ", "NaT", "nan", "-9999", None])
def test_what_is_missing_is_not_unreadable(text):
    (instant,), (unreadable,) = _read(pa.array([text], pa.string()))
    assert np.isnat(instant)
    assert not unreadable


@given(SECONDS, OFFSETS, st.sampled_from(["T", " "]))
def test_offsets_do_not_move_the_instant(time, minutes, between):
    there = time.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    assert _one(there.isoformat(between)) == np.datetime64(time, "ns")


@given(SECONDS)
def test_dates_in_digits_are_no_seconds(time):
    for form in ("%Y%m%d", "%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S"):
        text = time.strftime(form)
        wanted = np.datetime64(datetime.strptime(text, form), "ns")
        assert _one(text) == wanted
        assert _read(np.array([int(text)]))[0][0] == wanted
        assert _read(np.array([float(text)]))[0][0] == wanted


@given(SURE, st.sampled_from(["s", "ms", "us", "ns"]))
def test_numbers_since_1970_are_told_apart(time, unit):
    count = int(np.datetime64(time, unit).astype(np.int64))
    found = _one(str(count))
    assert found is None or found == np.datetime64(time, "ns")
    assert found is not None or str(count)[:2] in ("19", "20")


@given(st.integers(-(10**20), 10**20))
def test_no_number_becomes_a_time_of_another_century(number):
    found = _one(str(number))
    assert found is None or np.datetime64("1900") <= found < np.datetime64("2100")


def test_numbers_of_two_units_in_a_column_are_not_guessed():
    assert _read(["1604232000", "1604232000000"])[1].all()
    later = read_times(["1604232000000"], unit="s")  # the blocks before were in seconds
    assert later.unreadable.all()


def test_one_bad_time_leaves_the_others():
    instants, unreadable = _read(["2020-11-01T12:00:00", "2020-11-31", "", "2020-11-01T13:00:00+01:00"])
    assert unreadable.tolist() == [False, True, False, False]
    assert (instants[[0, 3]] == NOON).all()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("01.11.2020 12:00", "%d.%m.%Y %H:%M"),
        ("01.11.2020 13:00 +0100", "%d.%m.%Y %H:%M %z"),
        ("1059228", "hours since 1900-01-01"),
        ("18567.5", "days since 1970-01-01 00:00:00"),
        ("1604232000", "seconds since 1970-01-01T00:00:00Z"),
        ("43200", "seconds since 2020-11-01"),
    ],
)
def test_named_formats(text, form):
    assert _one(text, form) == NOON


def test_a_wrong_format_is_one_sentence():
    with pytest.raises(ObservationError, match="no 'UNIT since DATE'"):
        _read(["1"], "fortnights since 1970-01-01")


@pytest.mark.parametrize(
    "array",
    [
        pa.array([NOON]),
        pa.array([datetime(2020, 11, 1, 12)], pa.timestamp("s")),
        pa.array([datetime(2020, 11, 1, 12, tzinfo=UTC)], pa.timestamp("us", "Europe/Berlin")),
        pa.array(["2020-11-01T12:00"], pa.large_string()),
        pa.array(["2020-11-01T12:00"]).dictionary_encode(),
        pa.array([1604232000], pa.int64()),
        pa.array([1604232000.0], pa.float64()),
        pa.chunked_array([["2020-11-01T12:00"]]),
    ],
    ids=lambda array: str(array.type),
)
def test_kinds_of_columns(array):
    instants, unreadable = _read(array)
    assert instants.tolist() == [NOON.astype("datetime64[ns]").astype(int)]
    assert not unreadable.any()


def test_dates_and_what_a_timestamp_cannot_hold():
    assert _read(pa.array([datetime(2020, 11, 1).date()]))[0][0] == np.datetime64("2020-11-01")
    assert _read(pa.array([datetime(9999, 1, 1)], pa.timestamp("us")))[1].all()
    assert _read(pa.array([1604232000.0], pa.float32()))[1].all()  # off by up to a minute
