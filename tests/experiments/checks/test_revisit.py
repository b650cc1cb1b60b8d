"""What posteriors and impacts say of a world that stands still, where the answers are known."""

import json

import numpy as np
import pytest

from latentda.experiments.checks import revisit
from latentda.experiments.checks.impact import twin_impact, write_impact
from latentda.experiments.checks.minimisers import (
    MinimiserCheck,
    MinimiserCurve,
    check_minimisers,
    pass_rows,
    write_minimisers,
)
from latentda.experiments.checks.posterior import check_posterior, ratio_rows, write_check
from latentda.experiments.checks.revisit import Revisit, open_run
from latentda.runs.claim import claim
from latentda.verification import total_energy
from latentda.world import embedded_world
from tests.cycling.conftest import LAYOUT
from tests.experiments.worlds import FIRST, still_background, still_cycler, still_observe, still_truth

CYCLER = still_cycler()


def visits(count=3, cycler=CYCLER):
    for number in range(count):
        hours = FIRST + 12 * number
        made = cycler.analyse(cycler.method.init(still_background()), still_observe, hours)
        (table,), (term,) = made.tables, made.terms
        yield Revisit(
            hours,
            table,
            term,
            made.analysis,
            still_truth(),
            cycler.method,
            cycler.method.standardizer,
            cycler.model,
        )


@pytest.fixture(scope="module")
def impacts():
    return twin_impact(visits())


def test_impacts_add_up_to_what_the_analyses_did(impacts):
    # Nothing moves and everything is linear: the parts are the whole, up to single precision and the minimiser.
    assert impacts.explained == pytest.approx(1.0, abs=0.02)
    truth, first = still_truth().at(FIRST), still_background()
    expected = sum(total_energy(first - truth, LAYOUT).values())
    assert impacts.background_error == pytest.approx(expected, rel=1e-3)
    assert impacts.analysis_error < impacts.background_error


def test_every_used_datum_is_counted_once(impacts):
    used = sum(int(np.sum(np.asarray(one.term.valid))) for one in visits())
    assert sum(row.count for row in impacts.rows) == used
    assert {row.variable for row in impacts.rows} == {"t", "u", "sp"}
    assert [row.impact for row in impacts.rows] == sorted(row.impact for row in impacts.rows)


def test_impacts_are_written_with_a_picture(impacts, tmp_path):
    figure, table = write_impact(impacts, "still", tmp_path)
    assert figure.stat().st_size > 10_000
    assert json.loads(table.read_text())["explained"] == pytest.approx(impacts.explained)


def test_a_posterior_s_freedom_is_what_the_data_allow(tmp_path):
    check = check_posterior(visits(), pairs=30, members=5, perturbed=6)
    assert check.sums.cases == 3
    for used, freedom, largest, smallest in zip(
        check.used, check.degrees_of_freedom, check.largest, check.smallest, strict=True
    ):
        assert 0.0 < freedom < used
        assert largest > smallest >= 1.0
        # Each datum stands alone in this uncorrelated world: more pairs than data leave nothing out.
        assert smallest == pytest.approx(1.0, abs=0.05)
    assert [row[0] for row in ratio_rows(check)] == list(LAYOUT.names)
    # Everything is linear here: perturbed analyses spread as the posterior does, up to the few members.
    assert all(0.5 < brute / posterior < 2.0 for _, posterior, brute in ratio_rows(check))
    figure, table = write_check(check, "still", tmp_path)
    assert figure.stat().st_size > 10_000
    assert json.loads(table.read_text())["analyses"] == 3


def test_a_run_that_is_not_there_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(ValueError, match="There is no run"):
        open_run("fraternal-sonde", "latent_3dvar", 0, tmp_path / "none", embedded_world())
    assert not (tmp_path / "none").exists()


def test_a_run_is_opened_with_the_spin_up_it_had(tmp_path, monkeypatch):
    claim(tmp_path / "fraternal-sonde" / "latent_3dvar" / "seed_0", {"spinup_days": 2})
    monkeypatch.setattr(revisit, "prepare_nature", lambda *_, **__: None)
    assert open_run("fraternal-sonde", "latent_3dvar", 0, tmp_path, embedded_world()).setup.spinup_days == 2


def test_nothing_to_look_at_is_said():
    with pytest.raises(ValueError, match="no analysis"):
        twin_impact([])
    with pytest.raises(ValueError, match="no analysis"):
        check_posterior([], pairs=1, members=2)
    with pytest.raises(ValueError, match="two or more"):
        check_posterior([], pairs=1, members=2, perturbed=1)


@pytest.fixture(scope="module")
def minimisers():
    return check_minimisers(visits(2))


def test_every_minimiser_ends_at_the_one_minimum(minimisers):
    for name, curves in minimisers.curves.items():
        for one, lowest in zip(curves, minimisers.converged, strict=True):
            assert one.cost[0] > 1.05 * lowest
            assert one.cost.min() == pytest.approx(lowest, rel=1e-3), name
            assert one.arrived[0] <= one.arrived[1] <= one.passes[-1]
            assert (one.cost[one.passes < one.arrived[0]] > 1.01 * lowest).all()


def test_the_fit_at_both_ends(minimisers):
    for one, visit in zip(minimisers.curves["Gauss-Newton"], visits(2), strict=True):
        before, after = visit.analysis.observation_background[0], visit.analysis.observation_analysis[0]
        data = int(np.sum(np.asarray(visit.term.valid)))
        assert one.observation_cost[0] == pytest.approx(0.5 * np.sum(before**2) / data, rel=1e-4)
        assert one.observation_cost[-1] == pytest.approx(0.5 * np.sum(after**2) / data, rel=0.05)


def test_a_minimiser_that_never_arrives_is_told():
    nothing = MinimiserCurve(np.arange(3), np.ones(3), np.ones(3), np.ones(3), (2, None))
    rows = pass_rows(MinimiserCheck({"one": [nothing, nothing]}, [1.0, 1.0]))
    assert rows == [["one", "1.0%", 2.0, 2, 2, "2 of 2"], ["one", "0.1%", "–", "–", "–", "0 of 2"]]


def test_minimisations_are_written_with_a_picture(minimisers, tmp_path):
    figure, table = write_minimisers(minimisers, "still", tmp_path)
    assert figure.stat().st_size > 10_000
    assert set(json.loads(table.read_text())["passes"]) == set(minimisers.curves)
