"""What is carried from window to window, kept over the end of a process."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import CarriedState, FreeRun, GaussNewton, Preconditioner
from latentda.cycling import CycleSettings, carried_arrays, restored, run_cycles
from tests.cycling.conftest import LAYOUT, run, standardizer
from tests.worlds import states_of

SETTINGS = CycleSettings(start_hours=262_800, cycles=4, interval_hours=12)


def learning(cycler, hand_on=True):
    return replace(cycler, method=replace(cycler.method, minimiser=GaussNewton(40, tolerance=1e-3), hand_on=hand_on))


@pytest.fixture(scope="module")
def learner(cycler):
    return learning(cycler)


@pytest.fixture(scope="module")
def still(observe):
    """The same data in every cycle, so that every Hessian is the same."""
    return lambda hours: observe(SETTINGS.start_hours).set_column(0, "time", observe(hours)["time"])


@pytest.fixture(scope="module")
def whole(learner, first_background, still):
    return run(learner, first_background, still, SETTINGS)


def test_cycles_begin_with_what_was_learnt(cycler, whole, first_background, still):
    plain = run(learning(cycler, hand_on=False), first_background, still, SETTINGS)
    np.testing.assert_array_equal(whole[0].analysis, plain[0].analysis)
    np.testing.assert_array_equal(whole[1].background, plain[1].background)
    assert whole[1].facts["iterations"] < plain[1].facts["iterations"]
    assert (whole[1].analysis != plain[1].analysis).any()


@pytest.mark.parametrize("kept", [1, 3])
def test_a_killed_run_begins_again_with_it(learner, first_background, still, whole, tmp_path, kept):
    run(learner, first_background, still, replace(SETTINGS, cycles=kept + 1), folder=tmp_path)
    (tmp_path / f"cycle_{kept:05d}.safetensors").unlink()
    again = run(learner, first_background, still, SETTINGS, folder=tmp_path)
    for one, other in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one.analysis, other.analysis)
        assert one.facts == other.facts


def test_cycles_come_one_by_one(cycler, first_background, observe, tmp_path):
    asked = []

    def watched(hours):
        asked.append(hours)
        return observe(hours)

    cycles = run_cycles(cycler, first_background, watched, SETTINGS, folder=tmp_path)
    first = next(cycles)
    assert asked == [SETTINGS.start_hours]
    assert (tmp_path / "cycle_00000.safetensors").exists()
    assert (first.table, first.first_guess, first.carried) == (None, None, None)
    cycles.close()  # a consumer that stops leaves the folder to the next
    assert len(run(cycler, first_background, observe, SETTINGS, folder=tmp_path)) == 4


def test_a_state_alone_is_carried_by_its_analysis():
    method, state = FreeRun(standardizer()), states_of(LAYOUT, 1)[0]
    carried = method.init(state)
    assert carried_arrays(carried, state) == {}
    found = restored(method, state, {})
    assert jax.tree.structure(found) == jax.tree.structure(carried)
    np.testing.assert_array_equal(found.states, carried.states)


def test_what_is_carried_beside_the_analysis_comes_back():
    method, state = FreeRun(standardizer()), states_of(LAYOUT, 1)[0]
    learnt = Preconditioner(jnp.ones((3, 5)), jnp.full((3, 5), 2.0), jnp.int32(1))
    arrays = carried_arrays(CarriedState.of(state, learnt), state)
    found = restored(method, state, arrays)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(CarriedState.of(state, learnt)), strict=True):
        np.testing.assert_array_equal(one, other)
