import json

import pytest
from typer.testing import CliRunner

from latentda.cli.app import app
from latentda.experiments.lorenz96 import table
from latentda.experiments.lorenz96.methods import METHODS
from latentda.experiments.lorenz96.setup import Lorenz96Twin
from latentda.forecast import Lorenz96
from latentda.verification import read_scores

run = CliRunner().invoke

QUICK = ("optimal-interpolation", "3d-var")


def test_the_table_is_printed_and_written(tmp_path, monkeypatch):
    short = Lorenz96Twin(Lorenz96(points=8), cycles=12, spinup_cycles=4, climatology_steps=300)
    monkeypatch.setattr(table, "Lorenz96Twin", lambda: short)
    monkeypatch.setattr(table, "METHODS", {name: METHODS[name] for name in QUICK})
    path = tmp_path / "new" / "scores.json"
    result = run(app, ["benchmark", "lorenz96", "--seeds", "2", "--json", str(path)])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].endswith("scores.json")
    rows = json.loads(path.read_text())["table"]
    assert [row["method"] for row in rows] == list(QUICK)
    for row in rows:
        assert len(row["errors"]) == 2
        assert row["mean"] == pytest.approx(sum(row["errors"]) / 2)
        assert row["inside"] == (row["band"][0] <= row["mean"] <= row["band"][1])
        assert row["seconds"] > 0.0
        assert row["method"] in result.output
        assert row["settings"]
        assert f"{row['mean']:.3f}" in result.output
    assert [row["published"] for row in rows] == [0.95, None]
    assert {score.twin for score in read_scores(path)} == {"identical"}


def test_another_system_is_refused():
    result = run(app, ["benchmark", "lorenz84"])
    assert result.exit_code == 1
    assert "Unknown system 'lorenz84'; there is lorenz96." in result.stderr
