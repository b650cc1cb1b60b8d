"""What the minimiser learns of the Hessian goes on to the next cycle, also over the end of a process."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import GaussNewton, Preconditioner
from latentda.cycling import CycleSettings
from latentda.cycling.learnt import keep_learnt, read_learnt

SETTINGS = CycleSettings(start_hours=262_800, cycles=4, interval_hours=12)
LEARNT = "learnt_{}.safetensors"


@pytest.fixture(scope="module")
def learner(cycler):
    return replace(cycler, method=replace(cycler.method, minimiser=GaussNewton(40, tolerance=1e-3)), hand_on=True)


@pytest.fixture(scope="module")
def still(observe):
    """The same data in every cycle, so that every Hessian is the same."""
    return lambda hours: observe(SETTINGS.start_hours).set_column(0, "time", observe(hours)["time"])


@pytest.fixture(scope="module")
def whole(learner, first_background, still):
    return learner.run(first_background, still, SETTINGS)


def test_cycles_begin_with_what_was_learnt(learner, whole, first_background, still):
    plain = replace(learner, hand_on=False).run(first_background, still, SETTINGS)
    np.testing.assert_array_equal(whole[0].analysis, plain[0].analysis)
    np.testing.assert_array_equal(whole[1].background, plain[1].background)
    assert whole[1].facts["iterations"] < plain[1].facts["iterations"]
    assert (whole[1].analysis != plain[1].analysis).any()


@pytest.mark.parametrize("kept", [1, 3])
@pytest.mark.parametrize("also_the_next", [False, True])
def test_a_killed_run_begins_again_with_it(learner, first_background, still, whole, tmp_path, kept, also_the_next):
    """With and without the file of a cycle whose own record was not written any more."""
    short = replace(SETTINGS, cycles=kept + also_the_next)
    learner.run(first_background, still, short, folder=tmp_path)
    (tmp_path / f"cycle_{kept:05d}.safetensors").unlink(missing_ok=True)
    again = learner.run(first_background, still, SETTINGS, folder=tmp_path)
    for one, other in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one.analysis, other.analysis)


def test_only_the_last_two_cycles_are_kept(tmp_path):
    for hours in (96, 108, 120):
        keep_learnt(
            Preconditioner.identity(3, 5, jnp.float32)._replace(product=jnp.full((3, 5), hours)), tmp_path, hours
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == [LEARNT.format(108), LEARNT.format(120)]
    assert read_learnt(tmp_path, 96) is None
    found = read_learnt(tmp_path, 108)
    assert found is not None
    np.testing.assert_array_equal(found.product, np.full((3, 5), 108.0))
