"""Real radiosondes: stations that no method has seen end up closer to the analysis than to the background."""

import json

import pytest

from latentda.experiments.demo import run_real_demo, shipped_reports
from latentda.experiments.real.real import RealSetUp
from latentda.world import embedded_world


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    pytest.importorskip("jcm")
    folder = tmp_path_factory.mktemp("real")
    return run_real_demo(
        [shipped_reports()], RealSetUp(iterations=20, outer_loops=1), embedded_world("climatology"), folder
    )


@pytest.mark.parametrize("method", RealSetUp.methods)
@pytest.mark.parametrize("variable", ["t", "u", "v"])
@pytest.mark.parametrize("used", [True, False])
def test_closer_to_the_analysis(outcome, method, variable, used):
    fit = {s.kind: s.rmse for s in outcome.scores if (s.method, s.channel, s.used) == (method, variable, used)}
    assert fit["observation_analysis"] < 0.8 * fit["observation_background"]


def test_report_and_scores_lie_side_by_side(outcome):
    assert outcome.report.parent == outcome.scores_file.parent
    rows = json.loads(outcome.scores_file.read_text())["scores"]
    assert {row["used"] for row in rows} == {True, False}
    page = outcome.report.read_text()
    assert "Withheld stations" in page
    assert "specific humidity (g kg⁻¹)" in page
    assert "http://" not in page
    assert "https://" not in page


def test_feedback_keeps_every_datum_with_its_verdict(outcome):
    from latentda.assimilation.feedback import feedback_file
    from latentda.observations import read_table

    table = read_table(feedback_file(outcome.report.parent / "3dvar", 0))
    verdicts = set(table["verdict"].to_pylist())
    assert {"", "withheld", "quality_mark", "thinned", "humidity_aloft"} <= verdicts
    assert {"background", "analysis"} <= set(table.column_names)
