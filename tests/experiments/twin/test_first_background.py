"""The first background: made once, the same for whoever asks."""

from dataclasses import replace

import numpy as np

from latentda.experiments.twin.first_background import first_background
from latentda.forecast import Persistence
from tests.cycling.conftest import LAYOUT
from tests.experiments.worlds import FIRST, SETUP, still_truth


class Counting(Persistence):
    """A still world that says how often it was asked."""

    calls = 0

    def propagate(self, *arguments):
        type(self).calls += 1
        return super().propagate(*arguments)


def test_it_is_made_once_for_all_methods(tmp_path):
    setup, model = replace(SETUP, background_days=2), Counting(LAYOUT)
    first = first_background(model, still_truth(), setup, FIRST, tmp_path)
    again = first_background(model, still_truth(), setup, FIRST, tmp_path)
    np.testing.assert_array_equal(first, still_truth().at(FIRST))
    np.testing.assert_array_equal(first, again)
    assert Counting.calls == 4


def test_another_twin_period_or_lead_has_its_own(tmp_path):
    for setup, hours in ((SETUP, FIRST), (replace(SETUP, identical=True), FIRST), (SETUP, FIRST + 24)):
        first_background(Persistence(LAYOUT), still_truth(), setup, hours, tmp_path)
    first_background(Persistence(LAYOUT), still_truth(), replace(SETUP, background_days=1), FIRST, tmp_path)
    assert len(list(tmp_path.glob("*.safetensors"))) == 4
