"""The factor of a background error: a spread that is wrong by a known factor is found out."""

import numpy as np
import pytest

from latentda.assimilation import FreeRun
from latentda.cycling import CycleSettings
from latentda.experiments.twin.tuning import innovations, tuning_round
from tests.cycling.conftest import ERRORS
from tests.experiments.worlds import FIRST, still_background, still_cycler, still_observe, still_truth

CYCLER = still_cycler()


def test_innovations_are_what_was_observed_minus_the_background():
    table = still_observe(FIRST)
    departure, error, spread = innovations(CYCLER, table, still_truth().at(FIRST), FIRST)
    assert 0.7 < np.sqrt(np.mean((departure / error) ** 2)) < 1.3
    assert set(np.unique(error)) == set(ERRORS.values())
    assert (spread > 0).all()


def test_the_ratio_makes_expected_innovations_those_found():
    heard = []
    carried = CYCLER.method.init(still_background())
    ratio, carried, since = tuning_round(
        CYCLER, still_observe, carried, None, CycleSettings(FIRST, 2, 12), lambda *told: heard.append(told)
    )
    assert (since, heard) == (FIRST + 12, [(1, 2), (2, 2)])
    cycle = CYCLER.step(still_background(), still_observe(FIRST), FIRST)
    departure, error, spread = innovations(CYCLER, still_observe(FIRST + 12), cycle.analysis, FIRST + 12)
    weight = 1.0 / (error**2 + spread**2)
    assert np.sum(weight * (departure**2 - error**2)) == pytest.approx(ratio * np.sum(weight * spread**2))
    assert np.isfinite(carried.states).all()


def test_a_run_without_assimilation_has_no_factor():
    from dataclasses import replace

    with pytest.raises(ValueError, match="no background error"):
        innovations(
            replace(CYCLER, method=FreeRun(CYCLER.method.standardizer)), still_observe(FIRST), still_background(), FIRST
        )
