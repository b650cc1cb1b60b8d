import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.experiments.augmented.costs import run_costs
from latentda.experiments.augmented.learned import Learned
from latentda.experiments.augmented.methods import assets, methods
from latentda.experiments.augmented.table import run_table, write_table
from latentda.networks import PointwiseCode, StandardizedCode
from latentda.verification import read_scores


@pytest.fixture(scope="module")
def learned(twin):
    """Networks that have learnt nothing, and are compiled soon: the table is made of any."""
    latent = jnp.zeros(6), jnp.eye(6)
    code = StandardizedCode(PointwiseCode(24, 6, 2, jax.random.key(1)), *latent)
    return {"quadratic": Learned(code, lambda z: 0.9 * z)}


@pytest.fixture(scope="module")
def rows(learned):
    few = methods(learned)
    return {name: few[name] for name in ("etkf-q-x-lifted", "etkf-q-l-quadratic", "etkf-q-l-guess-0.1")}


@pytest.fixture(scope="module")
def made(twin, learned):
    return {"noise": assets(twin, "noise", learned)}


@pytest.fixture(scope="module")
def written(twin, rows, made, tmp_path_factory):
    costs = run_costs({name: (rows[name], made["noise"]) for name in list(rows)[:2]}, twin, cycles=8, turns=1)
    return write_table(*run_table(rows, made, (1, 2), twin), costs, tmp_path_factory.mktemp("table") / "scores.json")


def test_a_row_a_method_world_and_network(twin, rows, written):
    found = json.loads(written.read_text())
    assert [row["method"] for row in found["table"]] == list(rows)
    for row in found["table"]:
        method = rows[row["method"]]
        assert len(row["errors"]) == 2
        assert row["mean"] == pytest.approx(np.mean(row["errors"]))
        assert row["spread"] == pytest.approx(np.std(row["errors"], ddof=1))
        assert row["scanned"] == len(method.scan)
        assert (row["inflation"], row["size"]) in method.scan
        assert (row["members"], row["settings"]) == (method.members, method.settings)
        assert (row["world"], row["observed"]) == ("noise", "4th")
        assert row["seconds"] > 0.0
    assert [row["scanned"] for row in found["table"]] == [6, 1, 1]
    assert [cost["method"] for cost in found["costs"]] == list(rows)[:2]
    assert found["costs"][0]["ratio"] == 1.0
    assert all(cost["milliseconds"] > 0.0 for cost in found["costs"])


def test_every_network_gets_an_untuned_row():
    found = methods(("quadratic", "product"))
    untuned = [name for name, method in found.items() if method.scan == ((1.0, 1.0),)]
    assert untuned == ["etkf-q-l-quadratic", "etkf-q-l-product"]


def test_scores_are_read_as_those_of_other_experiments(written):
    scores = read_scores(written)
    assert {score.kind for score in scores} == {"background", "analysis"}
    assert {score.twin for score in scores} == {"identical"}
    assert {score.count for score in scores} == {6}
