from datetime import datetime

import numpy as np
import pytest

from latentda.grid import (
    as_datetime,
    datetime_of_hours,
    hour_sequence,
    hours_since_1970,
    iso,
    lead_steps,
)


@pytest.mark.parametrize(
    ("time", "hours"),
    [
        ("1970-01-01", 0),
        ("1969-12-31T18:00", -6),
        (datetime(2000, 3, 1, 6), 264_414),
        (np.datetime64("1989-01-01T12", "ns"), 166_572),
    ],
)
def test_hours_and_dates_are_inverse(time, hours):
    assert hours_since_1970(time) == hours
    assert datetime_of_hours(hours) == as_datetime(time)


def test_times_off_the_hour_are_refused():
    with pytest.raises(ValueError, match="not on the hour"):
        hours_since_1970("2000-01-01T00:30")


def test_text_that_is_no_date_is_refused():
    with pytest.raises(ValueError, match="'yesterday' is no date; write it like 2000-01-31T06:00"):
        as_datetime("yesterday")


def test_a_date_reads_well_on_a_figure():
    assert iso("1989-01-01T12:00") == "1989-01-01 12 UTC"


def test_hour_sequence_crosses_a_leap_day():
    times = hour_sequence("2000-02-28T12:00", 4, 12).astype(str).tolist()
    assert times == [f"2000-0{d}:00:00" for d in ("2-28T12", "2-29T00", "2-29T12", "3-01T00")]


def test_leads_become_steps():
    assert lead_steps((0, 6, 24), 6) == (0, 1, 4)


@pytest.mark.parametrize("leads", [(), (-6,), (6, 6), (12, 6), (5,)])
def test_bad_leads_are_refused(leads):
    with pytest.raises(ValueError, match="must increase in multiples of 6 h; got"):
        lead_steps(leads, 6)
