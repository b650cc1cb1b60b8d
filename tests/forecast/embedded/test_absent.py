"""Without the extra that brings the embedded world, one sentence says so and the rest of the package works."""

import sys

import numpy as np
import pytest

from latentda.forecast import JcmModel, forecast, spun_up_state
from latentda.forecast.embedded.simulation import read_restart
from latentda.user_error import UserError


@pytest.fixture
def absent(monkeypatch):
    monkeypatch.setitem(sys.modules, "jcm", None)
    return JcmModel(time_step_minutes=20.0)  # settings that no other test has built


def test_what_needs_it_says_how_to_install_it(absent):
    for use in (
        lambda: forecast(absent, np.zeros(absent.layout.shape), "2000-01-01", (6,)),
        lambda: absent.surface_geopotential,
        lambda: read_restart(absent, spun_up_state()),
    ):
        with pytest.raises(UserError, match=r"pip install 'latentda\[world\]'"):
            use()


def test_its_layout_needs_it_not(absent):
    assert absent.layout.shape == (31, 48, 96)
