from dataclasses import replace
from itertools import pairwise

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import AnalysisError, FreeRun, GaussNewton
from latentda.assimilation.feedback import feedback_file
from latentda.cycling import CycleSettings
from latentda.forecast import Persistence
from latentda.observations import column, empty_table, read_table
from latentda.operators import Diagonal
from latentda.priors import ModelSpacePrior
from latentda.runs.lock import LOCK
from latentda.user_error import UserError
from tests.cycling.conftest import LAYOUT, places, run, standardizer
from tests.locks import is_held
from tests.worlds import table_of

SETTINGS = CycleSettings(start_hours=262_800, cycles=4, interval_hours=12)
SCALE = standardizer().scale


def same(first, second):
    assert [c.hours for c in first] == [c.hours for c in second]
    assert [c.facts for c in first] == [c.facts for c in second]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.background, other.background)
        np.testing.assert_array_equal(one.analysis, other.analysis)


@pytest.fixture(scope="module")
def whole(cycler, first_background, observe):
    return run(cycler, first_background, observe, SETTINGS)


def test_cycles_follow_each_other(whole, first_background):
    assert [c.hours for c in whole] == [262_800, 262_812, 262_824, 262_836]
    np.testing.assert_array_equal(whole[0].background, first_background)
    for earlier, later in pairwise(whole):
        # The model changes nothing.
        np.testing.assert_array_equal(later.background, earlier.analysis)


def test_analyses_approach_the_truth(whole, truth, first_background):
    scale = np.array([8.0, 8.0, 4.0, 4.0, 800.0])[:, None, None]
    errors = [np.sqrt(np.mean(((c.analysis - truth) / scale) ** 2)) for c in whole]
    start = np.sqrt(np.mean(((first_background - truth) / scale) ** 2))
    assert errors[-1] < errors[0] < start


def test_facts_of_a_cycle(whole):
    for cycle in whole:
        facts = cycle.facts
        assert facts["used"] + facts["refused"] == 24
        assert facts["used"] > 15
        assert facts["cost_analysis"] < facts["cost_background"]
        assert facts["misfit_analysis"] < facts["misfit_background"]
        assert facts["result"] in ("converged", "iterations_spent")
        assert 0 < facts["iterations"] <= 15
        assert facts["evaluations"] > facts["iterations"]
        assert 0.0 < facts["gradient_reduction"] < 1.0
        # J_o / p is half the mean square of the departures, and all of J at the background.
        assert facts["observation_cost_background"] == pytest.approx(0.5 * facts["misfit_background"], rel=1e-4)
        assert facts["observation_cost_analysis"] == pytest.approx(0.5 * facts["misfit_analysis"], rel=1e-3)


def test_a_folder_keeps_every_cycle_and_nothing_else(cycler, first_background, observe, whole, tmp_path):
    same(run(cycler, first_background, observe, SETTINGS, folder=tmp_path / "run"), whole)
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == [*(f"cycle_{k:05d}.safetensors" for k in range(4)), "setup.json"]


def test_reports_may_be_data_frames(cycler, first_background, observe, whole):
    same(run(cycler, first_background, lambda hours: observe(hours).to_pandas(), SETTINGS), whole)


def never(hours):
    raise AssertionError(f"cycle {hours} was done before")


@pytest.mark.parametrize("kept", [1, 2, 4])
def test_a_run_goes_on_from_its_last_complete_cycle(cycler, first_background, observe, whole, tmp_path, kept):
    run(cycler, first_background, observe, SETTINGS, folder=tmp_path)
    for k in range(kept, 4):
        (tmp_path / f"cycle_{k:05d}.safetensors").unlink()

    def only_later(hours):
        return observe(hours) if hours >= SETTINGS.start_hours + 12 * kept else never(hours)

    same(run(cycler, first_background, only_later, SETTINGS, folder=tmp_path), whole)


def test_a_run_killed_while_it_observes_or_writes_goes_on(cycler, first_background, observe, whole, tmp_path):
    def killed(hours):
        if hours == SETTINGS.start_hours + 24:
            raise KeyboardInterrupt
        return observe(hours)

    with pytest.raises(KeyboardInterrupt):
        run(cycler, first_background, killed, SETTINGS, folder=tmp_path)
    complete = (tmp_path / "cycle_00001.safetensors").read_bytes()
    (tmp_path / "cycle.part").write_bytes(complete[: len(complete) // 2])
    same(run(cycler, first_background, observe, SETTINGS, folder=tmp_path), whole)


def test_a_finished_run_can_be_made_longer(cycler, first_background, observe, whole, tmp_path):
    run(cycler, first_background, observe, replace(SETTINGS, cycles=2), folder=tmp_path)
    same(run(cycler, first_background, observe, SETTINGS, folder=tmp_path), whole)
    same(run(cycler, first_background, never, replace(SETTINGS, cycles=3), folder=tmp_path), whole[:3])


@pytest.mark.parametrize("change", [{"start_hours": 0}, {"interval_hours": 6}])
def test_the_folder_of_another_run_is_refused(cycler, first_background, observe, tmp_path, change):
    run(cycler, first_background, observe, replace(SETTINGS, cycles=1), folder=tmp_path)
    with pytest.raises(ValueError, match="holds another run"):
        run(cycler, first_background, observe, replace(SETTINGS, **change), folder=tmp_path)


@pytest.mark.parametrize("part", ["background", "method", "scales", "model", "intake", "offsets"])
def test_another_run_does_not_go_on_from_the_cycles_of_one(cycler, first_background, observe, tmp_path, part):
    short, prior = replace(SETTINGS, cycles=1), ModelSpacePrior(Diagonal(2.0 * jnp.ones(LAYOUT.shape)))
    run(cycler, first_background, observe, short, folder=tmp_path)
    method = replace(cycler.method, prior=prior)
    scaled = eqx.tree_at(lambda m: m.standardizer.scale, cycler.method, 2.0 * SCALE)
    others = {
        "background": cycler,
        "method": replace(cycler, method=method),
        "scales": replace(cycler, method=scaled),
        "model": replace(cycler, model=Persistence(LAYOUT, step_hours=12)),
        "intake": replace(cycler, intake=replace(cycler.intake, huber_limit=3.0)),
        "offsets": replace(cycler, offsets=(-3, 0, 3)),
    }
    start = first_background + np.float32(1.0) if part == "background" else first_background
    with pytest.raises(
        UserError, match=rf"holds another run or other files \(it differs in {part.replace('scales', 'method')}\)"
    ):
        run(others[part], start, never, short, folder=tmp_path)


def test_who_says_what_a_run_is_may_compute_its_parts_anew(cycler, first_background, observe, tmp_path):
    short, rounded = replace(SETTINGS, cycles=1), np.nextafter(first_background, np.float32(0.0))
    whole = run(cycler, first_background, observe, short, folder=tmp_path, identity={"factor": 5.0})
    same(run(cycler, rounded, never, short, folder=tmp_path, identity={"factor": 5.0}), whole)
    with pytest.raises(UserError, match=r"it differs in factor"):
        run(cycler, first_background, observe, short, folder=tmp_path, identity={"factor": 2.0})


def test_it_works_alone_in_its_folder(cycler, first_background, observe, tmp_path):
    def watched(hours):
        assert is_held(tmp_path / LOCK)
        return observe(hours)

    run(cycler, first_background, watched, replace(SETTINGS, cycles=1), folder=tmp_path)
    assert not (tmp_path / LOCK).exists()


def test_damaged_cycles_are_said(cycler, first_background, observe, tmp_path):
    run(cycler, first_background, observe, replace(SETTINGS, cycles=1), folder=tmp_path)
    (tmp_path / "cycle_00000.safetensors").write_bytes(b"half")
    with pytest.raises(UserError, match=r"cycle_00000\.safetensors holds no cycle"):
        run(cycler, first_background, observe, SETTINGS, folder=tmp_path)


def test_without_assimilation_the_background_is_the_analysis(cycler, first_background, observe, tmp_path):
    free = replace(cycler, method=FreeRun(cycler.method.standardizer))
    for cycles in (
        run(free, first_background, observe, SETTINGS, folder=tmp_path),
        run(free, first_background, never, SETTINGS, folder=tmp_path),
    ):
        for cycle in cycles:
            np.testing.assert_array_equal(cycle.analysis, first_background)
            np.testing.assert_array_equal(cycle.background, first_background)
            assert cycle.facts == {"used": 0, "refused": 24}


def test_a_cycle_without_observations_keeps_the_background(cycler, first_background):
    cycle = cycler.step(first_background, empty_table(), SETTINGS.start_hours)
    np.testing.assert_allclose(cycle.analysis, first_background, rtol=1e-6, atol=1e-4)
    assert (cycle.facts["used"], cycle.facts["result"]) == (0, "converged")


def test_a_forecast_that_has_blown_up_is_refused(cycler, observe):
    broken = np.full(LAYOUT.shape, np.nan, np.float32)
    with pytest.raises(AnalysisError, match="repair the forecast"):
        cycler.step(broken, observe(SETTINGS.start_hours), SETTINGS.start_hours)


def broken(cycler):
    """A cycle whose analyses become infinite: background errors that single precision cannot hold."""
    prior = ModelSpacePrior(Diagonal(jnp.full(LAYOUT.shape, 1e30)))
    return replace(cycler, method=replace(cycler.method, prior=prior))


def test_an_analysis_that_is_not_finite_ends_the_run(cycler, first_background, observe, tmp_path):
    with pytest.raises(AnalysisError, match=r"analysis of 1999-12-25 00 UTC has failed.*check the observations"):
        run(broken(cycler), first_background, observe, SETTINGS, folder=tmp_path)
    assert not list(tmp_path.glob("cycle_*"))


def test_it_may_be_forgiven_and_is_told(cycler, first_background, observe):
    patient = replace(broken(cycler), forgive_failure=True)
    cycle = patient.step(first_background, observe(SETTINGS.start_hours), SETTINGS.start_hours)
    assert cycle.facts["result"] == "not_finite"
    np.testing.assert_allclose(cycle.analysis, first_background, rtol=1e-6, atol=1e-3)


def test_feedback_is_kept_in_a_folder_that_did_not_exist(cycler, first_background, observe, tmp_path):
    folder = tmp_path / "new" / "run"
    run(cycler, first_background, observe, SETTINGS, folder=folder, keep_feedback=True)
    assert [read_table(feedback_file(folder, k)).num_rows for k in range(4)] == [24] * 4


def with_error(table, error):
    """The observations with another error of the first datum."""
    names, columns = places(SETTINGS.start_hours)
    errors = np.asarray(columns["error"], float)
    errors[0] = error
    return table_of(names, observation=column(table, "observation"), **(columns | {"error": errors}))


@pytest.mark.parametrize("error", [1e-3, 1e-6, 1e-30])
def test_one_datum_of_tiny_error_does_not_spoil_the_analysis(cycler, first_background, observe, error):
    table, guess = observe(SETTINGS.start_hours), first_background
    cycler = replace(cycler, method=replace(cycler.method, minimiser=GaussNewton(60, tolerance=1e-4)))
    plain = cycler.step(guess, with_error(table, 0.2), SETTINGS.start_hours)
    with pytest.warns(UserWarning, match="cannot be meant and count as.*1 of t"):
        sharp = cycler.step(guess, with_error(table, error), SETTINGS.start_hours)
    scale = np.array([8.0, 8.0, 4.0, 4.0, 800.0])[:, None, None]
    assert np.abs((sharp.analysis - plain.analysis) / scale).max() < 0.05
    assert column(sharp.table, "error")[0] > 0.01


def test_one_datum_of_huge_error_says_nothing(cycler, first_background, observe):
    table, guess = observe(SETTINGS.start_hours), first_background
    wide = cycler.step(guess, with_error(table, 1e20), SETTINGS.start_hours)
    assert wide.facts["result"] != "not_finite"
    without = cycler.step(guess, with_error(table, 1.0).slice(1), SETTINGS.start_hours)
    np.testing.assert_allclose(wide.analysis, without.analysis, rtol=1e-4, atol=1e-2)
