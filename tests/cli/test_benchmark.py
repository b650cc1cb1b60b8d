import json

import jax
import jax.numpy as jnp
import pytest
from typer.testing import CliRunner

from latentda.cli.app import app
from latentda.experiments.augmented import costs, methods, setup, weights
from latentda.experiments.augmented.learned import Learned
from latentda.experiments.augmented.setup import OBSERVED
from latentda.experiments.augmented.system import augmented_lorenz96
from latentda.experiments.lorenz96 import table
from latentda.experiments.lorenz96.methods import METHODS
from latentda.experiments.lorenz96.setup import Lorenz96Twin
from latentda.forecast import Lorenz96
from latentda.networks import PointwiseCode, StandardizedCode
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
    assert (
        "Unknown system 'lorenz84'; there are lorenz96, augmented-lorenz96, speedy-letkf-reg2, speedy-letkf-raob."
        in result.stderr
    )


def test_networks_that_do_not_come_with_the_package_are_asked_for(tmp_path):
    result = run(
        app, ["benchmark", "augmented-lorenz96", "--networks", "published", "--json", str(tmp_path / "s.json")]
    )
    assert result.exit_code == 1
    assert "no trained networks published; give a folder to train them into (--weights)." in result.stderr


def test_the_table_of_the_augmented_system_is_printed_and_written(tmp_path, monkeypatch):
    small = setup.AugmentedTwin(
        augmented_lorenz96(jax.random.key(7), 24, 6), cycles=6, spinup_cycles=2, observed={"4th": OBSERVED["4th"]}
    )
    code = StandardizedCode(PointwiseCode(24, 6, 2, jax.random.key(1)), jnp.zeros(6), jnp.eye(6))
    new = Learned(code, lambda z: 0.9 * z)
    monkeypatch.setattr(setup, "AugmentedTwin", lambda: small)
    monkeypatch.setattr(weights, "learned_networks", lambda *_: {"quadratic": new})
    few = {"etkf-q-l-quadratic": methods.methods(["quadratic"])["etkf-q-l-quadratic"]}
    monkeypatch.setattr(methods, "methods", lambda _: few)
    monkeypatch.setattr(costs, "timed", lambda made: {name: (method, made) for name, method in few.items()})
    path = tmp_path / "scores.json"
    result = run(app, ["benchmark", "augmented-lorenz96", "--seeds", "2", "--json", str(path)])
    assert result.exit_code == 0, result.output
    rows = json.loads(path.read_text())["table"]
    assert [row["world"] for row in rows] == ["noise", "perfect"]
    for row in rows:
        assert f"{row['mean']:.4f} ({row['spread']:.4f})" in result.output
    assert {score.twin for score in read_scores(path)} == {"identical"}
