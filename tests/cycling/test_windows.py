"""Cycles of windows with several slots: the same states as the window's own arithmetic, one cycle a slot."""

from dataclasses import replace

import numpy as np
import pytest

from latentda.assimilation import StrongConstraint
from latentda.cycling import CycleSettings
from tests.cycling.conftest import LAYOUT, run

SETTINGS = CycleSettings(start_hours=262_800, cycles=4, interval_hours=12)


@pytest.fixture(scope="module")
def windowed(cycler):
    method = replace(cycler.method, window=StrongConstraint(cycler.model, (0, 12)))
    return replace(cycler, method=method)


@pytest.fixture(scope="module")
def whole(windowed, first_background, observe):
    return run(windowed, first_background, observe, SETTINGS)


def test_a_cycle_a_slot(whole):
    assert [c.hours for c in whole] == [262_800, 262_812, 262_824, 262_836]
    assert [c.facts["used"] + c.facts["refused"] for c in whole] == [24] * 4
    # Both slots of a window tell of one minimisation, each of its own data.
    assert whole[0].facts["cost_analysis"] == whole[1].facts["cost_analysis"] != whole[2].facts["cost_analysis"]
    assert whole[0].facts["misfit_analysis"] != whole[1].facts["misfit_analysis"]


def test_a_model_that_changes_nothing_makes_both_slots_the_same(whole):
    np.testing.assert_array_equal(whole[0].analysis, whole[1].analysis)
    np.testing.assert_array_equal(whole[2].background, whole[1].analysis)


def test_two_times_at_once_know_more_than_one(whole, cycler, first_background, observe, truth):
    alone = cycler.step(first_background, observe(262_800), 262_800)
    error = [np.sqrt(np.mean(((x.analysis - truth) / LAYOUT_SCALE) ** 2)) for x in (whole[0], alone)]
    assert error[0] < error[1]


LAYOUT_SCALE = np.array([8.0, 8.0, 4.0, 4.0, 800.0])[:, None, None]


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_a_killed_run_goes_on_from_its_last_complete_window(windowed, first_background, observe, whole, tmp_path, kept):
    run(windowed, first_background, observe, SETTINGS, folder=tmp_path)
    for k in range(kept, 4):
        (tmp_path / f"cycle_{k:05d}.safetensors").unlink()
    again = run(windowed, first_background, observe, SETTINGS, folder=tmp_path)
    for one, other in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one.analysis, other.analysis)
        assert one.facts == other.facts


def test_a_run_may_end_within_a_window(windowed, first_background, observe, whole):
    shorter = run(windowed, first_background, observe, replace(SETTINGS, cycles=3))
    assert [c.hours for c in shorter] == [c.hours for c in whole[:3]]


def test_slots_have_to_be_an_interval_apart(windowed, first_background, observe):
    assert LAYOUT.shape == first_background.shape
    with pytest.raises(ValueError, match="needs slots at 0, 6"):
        run(windowed, first_background, observe, replace(SETTINGS, interval_hours=6))
