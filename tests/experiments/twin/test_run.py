"""A run of an experiment: what it records, and that a kill at any instant changes nothing."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import GaussNewton, StrongConstraint
from latentda.experiments.twin import run as runs
from latentda.experiments.twin.nature import Nature
from latentda.experiments.twin.record import read_record, read_start, write_record
from latentda.experiments.twin.run import RECORD, Run, cycle_on, do_run
from latentda.experiments.twin.scores import record_scores
from latentda.fields import write_standardizer
from latentda.networks import write_autoencoder
from latentda.operators import Diagonal
from latentda.priors import write_background_error
from latentda.user_error import UserError
from latentda.verification import error_sums
from tests.cycling.conftest import LAYOUT, standardizer
from tests.experiments.worlds import (
    FIRST,
    SETUP,
    still_background,
    still_cycler,
    still_observe,
    still_truth,
    still_world,
    untrained_code,
)

SPREAD = np.array([8.0, 8.0, 4.0, 4.0, 800.0])
CYCLER = still_cycler()


def go(folder, setup=SETUP, observe=still_observe, told=None):
    heard = told if told is not None else []
    return cycle_on(
        CYCLER, setup, observe, still_truth(), FIRST, still_background, folder,
        lambda cycle: {"hours": float(cycle.hours)}, lambda *so_far: heard.append(so_far),
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return folder, go(folder)


def same(record, other):
    np.testing.assert_array_equal(record.analysis, other.analysis)
    assert [c.hours for c in record.cycles] == [c.hours for c in other.cycles]
    assert [c.facts for c in record.cycles] == [c.facts for c in other.cycles]
    for kind in ("background", "analysis"):
        for one, two in zip(record.cycles, other.cycles, strict=True):
            np.testing.assert_array_equal(getattr(one, kind).sum_square, getattr(two, kind).sum_square)
    assert [(f.start_hours, f.leads, f.diagnostics) for f in record.forecasts] == [
        (f.start_hours, f.leads, f.diagnostics) for f in other.forecasts
    ]


def test_errors_are_those_of_the_states(whole):
    folder, record = whole
    assert [c.hours for c in record.cycles] == [FIRST + 12 * k for k in range(6)]
    start = read_start(sorted((folder / "starts").iterdir())[0])
    errors = record.cycles[SETUP.spinup_cycles]
    truth = still_truth().at(start.hours)[None]
    for kind in ("background", "analysis"):
        sums = error_sums(getattr(start, kind)[None], truth, LAYOUT)
        np.testing.assert_allclose(getattr(errors, kind).sum_square, sums.sum_square)
    # Nothing moves: the background is the last analysis, and a forecast is as wrong as its start.
    np.testing.assert_array_equal(record.cycles[3].background.sum_square, record.cycles[2].analysis.sum_square)
    for forecast in record.forecasts:
        there = next(c for c in record.cycles if c.hours == forecast.start_hours)
        for sums in forecast.sums:
            np.testing.assert_allclose(sums.sum_square, there.analysis.sum_square)


def test_forecasts_start_after_spin_up_and_are_diagnosed(whole):
    folder, record = whole
    starts = [FIRST + 24, FIRST + 48]
    assert [f.start_hours for f in record.forecasts] == starts
    assert [f.diagnostics for f in record.forecasts] == [{"hours": float(hours)} for hours in starts]
    assert sorted(path.name for path in folder.iterdir()) == [RECORD, "starts"]
    assert len(list((folder / "starts").iterdir())) == 2


@pytest.mark.parametrize("hours", [FIRST, FIRST + 12, FIRST + 60])
def test_a_killed_run_goes_on(whole, tmp_path, hours):
    def killed(now):
        if now == hours:
            raise KeyboardInterrupt
        return still_observe(now)

    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, observe=killed)
    (tmp_path / (RECORD + ".part")).write_bytes(b"half")
    told = []
    same(go(tmp_path, told=told), whole[1])
    assert told[0] == ((hours - FIRST) // 12, 6)
    assert told[-1] == (6, 6)


def test_a_run_killed_in_a_forecast_makes_it_again(whole, tmp_path, monkeypatch):
    def killed(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runs, "verified_forecast", killed)
        with pytest.raises(KeyboardInterrupt):
            go(tmp_path)
    assert len(read_record(tmp_path / RECORD).cycles) == 2
    same(go(tmp_path), whole[1])


def test_a_finished_run_can_be_made_longer(whole, tmp_path):
    go(tmp_path, replace(SETUP, scored_days=1))
    same(go(tmp_path), whole[1])
    same(whole[1].first(4), read_record_of(tmp_path).first(4))


def test_a_window_of_two_slots_records_both(tmp_path):
    window = StrongConstraint(CYCLER.model, (0, 12))
    method = replace(CYCLER.method, window=window, minimiser=GaussNewton(15))
    setup = replace(SETUP, first_forecast=1)

    cycler = replace(CYCLER, method=method)

    def run(observe=still_observe, until=setup):
        return cycle_on(
            cycler, until, observe, still_truth(), FIRST, still_background, tmp_path,
            lambda cycle: {"hours": float(cycle.hours)}, lambda *_: None,
        )  # fmt: skip

    run(until=replace(setup, scored_days=1))
    record = run()
    assert [c.hours for c in record.cycles] == [FIRST + 12 * k for k in range(6)]
    assert [f.start_hours for f in record.forecasts] == [FIRST + 36, FIRST + 60]
    truth = still_truth().at(FIRST)[None]
    single = CYCLER.step(still_background(), still_observe(FIRST), FIRST)
    alone = error_sums(single.analysis[None], truth, LAYOUT)
    assert record.cycles[0].analysis.sum_square.sum() != alone.sum_square.sum()


def read_record_of(folder):
    return read_record(folder / RECORD)


def test_scores_are_of_the_cycles_after_spin_up(whole):
    record = whole[1]
    scores = record_scores(record, SPREAD, LAYOUT, SETUP, "3dvar", 4)
    found = {(s.kind, s.lead_hours, s.channel): s for s in scores}
    assert {(k, lead) for k, lead, _ in found} == {
        ("background", 0), ("analysis", 0), ("forecast", 12), ("forecast", 24),
    }  # fmt: skip
    row = found["analysis", 0, "sp"]
    assert (row.experiment, row.method, row.seed, row.twin, row.count) == ("still", "3dvar", 4, "fraternal", 4)
    mean_square = np.mean([c.analysis.sum_square[-1] for c in record.cycles[2:]])
    assert row.rmse == pytest.approx(np.sqrt(mean_square))
    assert found["forecast", 12, "sp"].count == 2


@pytest.fixture
def run(tmp_path):
    nature = Nature(tmp_path / "nature.zarr", FIRST, "digest")
    return Run(SETUP, "3dvar", 0, tmp_path / "out", nature, still_world(tmp_path / "world"))


def finish(run, record):
    """Leave a finished record as if the run had been done."""
    run.claim(run.folder)
    write_record(record, run.folder / RECORD)


def test_a_finished_run_is_not_done_again(whole, run):
    finish(run, whole[1])
    told = []
    do_run(run, lambda *so_far: told.append(so_far))
    assert told == [(6, 6)]


@pytest.mark.parametrize(
    "change",
    [{"spinup_days": 2}, {"network": "sonde"}, {"background_factors": {"3dvar": 3.0}}, {"identical": True}],
)
def test_the_folder_of_another_run_is_refused(whole, run, change):
    finish(run, whole[1])
    with pytest.raises(ValueError, match="another experiment"):
        do_run(replace(run, setup=replace(SETUP, **change)), lambda *so_far: None)


def test_another_method_s_factor_and_files_change_nothing(whole, run):
    finish(run, whole[1])
    write_autoencoder(untrained_code(LAYOUT, seed=1), run.world.file("autoencoder"))
    do_run(replace(run, setup=replace(SETUP, background_factors={"latent_3dvar": 3.0})), lambda *so_far: None)


def write_scales(path):
    write_standardizer(replace(standardizer(), scale=jnp.full(LAYOUT.shape[0], 2.0)), path)


def write_errors(path):
    write_background_error(Diagonal(jnp.full(LAYOUT.shape, 2.0)), path)


@pytest.mark.parametrize(("name", "write"), [("standardizer", write_scales), ("model", write_errors)])
def test_another_world_is_refused(whole, run, name, write):
    finish(run, whole[1])
    write(run.world.file(name))
    with pytest.raises(UserError, match=r"another experiment.*it differs in world\)"):
        do_run(run, lambda *so_far: None)


def test_a_method_without_its_files_says_which(run):
    run.world.file("latent").unlink()
    with pytest.raises(UserError, match=r"no forecast/latent\.safetensors; make it with 'latentda estimate background"):
        do_run(replace(run, method="latent_3dvar"), lambda *so_far: None)
