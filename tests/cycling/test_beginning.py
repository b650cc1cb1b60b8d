"""What is asked before a run begins: when it starts, and whether its model serves."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from latentda.cycling import CycleSettings
from latentda.forecast import Persistence
from latentda.user_error import UserError
from tests.cycling.conftest import LAYOUT
from tests.worlds import north_first, sigma_layout

START = 262_800


@pytest.mark.parametrize(
    "start",
    [
        START,
        np.int64(START),
        datetime(1999, 12, 25),
        "1999-12-25",
        "1999-12-25T00:00",
        np.datetime64("1999-12-25", "ns"),
    ],
)
def test_a_run_starts_at_hours_or_a_date(start):
    settings = CycleSettings(start, 4, 6)
    assert settings == CycleSettings(start_hours=START, cycles=4, interval_hours=6)
    assert type(settings.start_hours) is int
    assert replace(settings, cycles=2) == CycleSettings(start, 2, 6)


@pytest.mark.parametrize(("start", "words"), [("soon", "is no date"), ("1999-12-25T00:30", "not on the hour")])
def test_another_start_is_refused(start, words):
    with pytest.raises(UserError, match=words):
        CycleSettings(start, 4)


def test_a_model_of_other_states_is_refused(cycler):
    turned = sigma_layout(north_first(LAYOUT.grid), names="ut")
    with pytest.raises(UserError, match="Persistence does not suit the world: its latitudes run from north to south"):
        replace(cycler, model=Persistence(turned))


@pytest.mark.parametrize(("step", "interval"), [(6, 9), (24, 12)])
def test_a_step_that_does_not_divide_the_interval_is_refused(cycler, step, interval):
    slow = replace(cycler, model=Persistence(LAYOUT, step))
    with pytest.raises(UserError, match=f"steps of {step} h, which do not divide the {interval} h"):
        slow.windows(CycleSettings(START, 4, interval))
