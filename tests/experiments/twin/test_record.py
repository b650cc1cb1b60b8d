"""The record of a run: what is written is read back, and a shorter run is a part of a longer one."""

import numpy as np
import pytest

from latentda.cycling import Cycle
from latentda.experiments.twin.record import (
    CycleErrors,
    ForecastErrors,
    RunRecord,
    read_record,
    read_start,
    write_record,
    write_start,
)
from latentda.verification import ErrorSums

RNG = np.random.default_rng(0)


def sums():
    return ErrorSums(1, RNG.normal(size=3), RNG.uniform(size=3))


@pytest.fixture
def record():
    grown = RunRecord()
    for k in range(4):
        forecast = ForecastErrors(12 * k, (12, 24), (sums(), sums()), {"noise": [1.0, 0.5]}) if k % 2 else None
        errors = CycleErrors(12 * k, sums(), sums(), {"used": k, "result": "converged"})
        grown = grown.grown(errors, np.full((3, 2, 2), k, np.float32), forecast)
    return grown


def same_sums(one, other):
    assert one.count == other.count
    np.testing.assert_array_equal(one.sum_error, other.sum_error)
    np.testing.assert_array_equal(one.sum_square, other.sum_square)


def test_what_is_written_is_read_back(record, tmp_path):
    write_record(record, tmp_path / "record")
    found = read_record(tmp_path / "record")
    np.testing.assert_array_equal(found.analysis, record.analysis)
    for one, other in zip(found.cycles, record.cycles, strict=True):
        assert (one.hours, one.facts) == (other.hours, other.facts)
        same_sums(one.background, other.background)
        same_sums(one.analysis, other.analysis)
    for one, other in zip(found.forecasts, record.forecasts, strict=True):
        assert (one.start_hours, one.leads, one.diagnostics) == (other.start_hours, other.leads, other.diagnostics)
        for a, b in zip(one.sums, other.sums, strict=True):
            same_sums(a, b)
    assert [path.name for path in tmp_path.iterdir()] == ["record"]


def test_no_record_is_an_empty_one(tmp_path):
    found = read_record(tmp_path / "record")
    assert (found.cycles, found.forecasts, found.analysis) == ((), (), None)
    with pytest.raises(ValueError, match="nothing to keep"):
        write_record(RunRecord(), tmp_path / "record")


def test_the_first_cycles_have_their_own_forecasts(record):
    assert len(record.first(3).cycles) == 3
    assert [f.start_hours for f in record.first(3).forecasts] == [12]
    assert record.first(0).forecasts == ()
    assert len(record.first(9).cycles) == 4


def test_something_else_is_refused(tmp_path):
    (tmp_path / "record").write_text("Dear forecaster,")
    with pytest.raises(ValueError, match="no record"):
        read_record(tmp_path / "record")
    with pytest.raises(ValueError, match="no start"):
        read_start(tmp_path / "record")


def test_a_start_keeps_the_cycle(tmp_path):
    cycle = Cycle(36, np.ones((3, 2, 2), np.float32), np.zeros((3, 2, 2), np.float32), {"used": 3})
    found = read_start(write_start(cycle, tmp_path / "starts"))
    assert (found.hours, found.facts) == (36, {"used": 3})
    np.testing.assert_array_equal(found.background, cycle.background)
    np.testing.assert_array_equal(found.analysis, cycle.analysis)
