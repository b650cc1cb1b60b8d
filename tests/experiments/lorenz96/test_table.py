import json
import os
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import Instant, StrongConstraint
from latentda.assimilation.ensemble import ETKF
from latentda.experiments.lorenz96.filters import ensemble_filter
from latentda.experiments.lorenz96.methods import METHODS
from latentda.experiments.lorenz96.optimal_interpolation import gain
from latentda.experiments.lorenz96.setup import Lorenz96Twin
from latentda.experiments.lorenz96.table import draw_members, run_lorenz96, table_row
from latentda.experiments.lorenz96.variational import variational
from latentda.forecast import Lorenz96

KEY = jax.random.key(0)
SHORT = Lorenz96Twin(Lorenz96(points=8), cycles=30, spinup_cycles=10, climatology_steps=300)

# lorenz96-scores: DAPPER 1.8.1 over three seeds, and the band around it.
BANDS = {
    "optimal-interpolation": (0.92, 0.96),
    "3d-var": (0.39, 0.46),
    "4d-var-window-1": (0.44, 0.48),
    "4d-var-window-2": (0.38, 0.42),
    "enkf-40": (0.21, 0.24),
    "etkf-20": (0.19, 0.215),
    "etkf-28": (0.175, 0.20),
    "letkf-7": (0.21, 0.24),
    "letkf-10": (0.19, 0.22),
}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The whole table by the command, in a process of its own that is compiled for speed: this is arithmetic."""
    path = tmp_path_factory.mktemp("lorenz") / "scores.json"
    fast = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    command = [sys.executable, "-c", "from latentda.cli import main; main()", "benchmark", "lorenz96", "--json", path]
    subprocess.run(command, check=True, env=fast, capture_output=True)
    return {row["method"]: row for row in json.loads(path.read_text())["table"]}


@pytest.mark.parametrize("method", BANDS)
def test_published_scores(method, published):
    row = published[method]
    low, high = BANDS[method]
    assert len(row["errors"]) == 3
    assert low < np.mean(row["errors"]) < high
    assert np.ptp(row["errors"]) > 0.0
    assert METHODS[method].band == tuple(row["band"]) == BANDS[method]
    assert row["inside"]


def test_the_table_knows_what_is_outside():
    rows = [{"kind": "analysis", "seed": seed, "rmse": rmse} for seed, rmse in ((1, 0.40), (2, 0.47), (3, 0.44))]
    assert not table_row("4d-var-window-1", rows, 1.0).inside
    assert table_row("3d-var", rows, 1.0).inside
    assert table_row("4d-var-window-2", rows, 1.0).settings == (
        "observed every 4, window 2, B = 0.1 I, 10 Gauss-Newton"
    )


def test_every_method_is_in_the_table():
    assert list(METHODS) == list(BANDS)


def test_the_background_of_optimal_interpolation_is_climatology():
    rows = run_lorenz96("optimal-interpolation", seeds=(1,))
    background = next(row["rmse"] for row in rows if row["kind"] == "background")
    assert background == pytest.approx(3.64, abs=0.1)


def test_rows_say_what_they_are():
    rows = run_lorenz96("3d-var", (5, 9), SHORT)
    assert [(row["seed"], row["kind"]) for row in rows] == [
        (5, "background"),
        (5, "analysis"),
        (9, "background"),
        (9, "analysis"),
    ]
    expected = {"experiment": "lorenz96", "method": "3d-var", "channel": "x", "lead_hours": 0, "twin": "identical"}
    assert all(expected.items() <= row.items() and row["count"] == 20 for row in rows)


@pytest.mark.parametrize("method", ["3d-var", "letkf-7"])
def test_a_seed_scores_the_same_alone_and_in_company(method):
    alone = run_lorenz96(method, (9,), SHORT)
    company = run_lorenz96(method, (5, 9), SHORT)[2:]
    for one, other in zip(alone, company, strict=True):
        assert one["rmse"] == pytest.approx(other["rmse"], rel=1e-3)


def test_unknown_methods_and_empty_runs_are_refused():
    with pytest.raises(ValueError, match="'4d-far'; known are optimal-interpolation, 3d-var"):
        run_lorenz96("4d-far", (1,))
    with pytest.raises(ValueError, match="Nothing to score"):
        run_lorenz96("3d-var", ())


def test_three_dimensional_variational_analysis_is_optimal_interpolation():
    forecast, observed = jax.random.normal(jax.random.key(0), (2, 8))
    update = eqx.filter_jit(variational(0.2, outer_loops=1)(SHORT, Instant()))
    background, analysis = update(forecast.reshape(1, 1, 1, 8), observed, KEY)
    np.testing.assert_array_equal(background.ravel(), forecast)
    K = gain(0.2 * jnp.eye(8), jnp.eye(8), jnp.eye(8))
    np.testing.assert_allclose(analysis.ravel(), forecast + K @ (observed - forecast), atol=1e-6)


def test_members_of_a_filter_start_as_the_truth_does_but_apart_from_it():
    members = draw_members(SHORT, jax.random.split(KEY, 2))
    np.testing.assert_allclose(members.mean(axis=(0, 1)), SHORT.start, atol=0.02)
    np.testing.assert_allclose(members.var(axis=(0, 1)), SHORT.initial_variance, rtol=0.5)
    assert jnp.abs(members[0] - members[1]).min() > 0.0


def test_a_filter_has_the_spread_of_its_inflation():
    forecast, observed = jax.random.normal(KEY, (7, 1, 1, 8)), jax.random.normal(jax.random.key(1), (8,))
    plain, wider = (
        eqx.filter_jit(ensemble_filter(lambda _: ETKF(), inflation, False)(SHORT, Instant()))(forecast, observed, KEY)
        for inflation in (1.0, 1.5)
    )
    np.testing.assert_array_equal(wider[0], forecast)
    np.testing.assert_allclose(wider[1].mean(axis=0), plain[1].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(wider[1].std(axis=0), 1.5 * plain[1].std(axis=0), rtol=1e-4)


@pytest.mark.parametrize("intervals", [1, 2])
def test_four_dimensional_analysis_is_a_minimum(intervals):
    # The gradient (x_a - x_b) / b - M'^T (y - M(x_a)), M' the tangent there, has all but vanished since x_b.
    model = SHORT.model
    window = METHODS[f"4d-var-window-{intervals}"].window(model)
    run = jax.jit(lambda x: window.trajectory(x, 0)[0])
    errors = jax.random.normal(jax.random.key(1), (2, 1, 1, 8))
    truth = model.propagate(SHORT.start, 0, (2400,))[0]
    background, observed = truth + 0.3 * errors[0], run(truth) + errors[1]
    _, analysis = eqx.filter_jit(variational(0.1, outer_loops=10)(SHORT, window))(
        background[None], observed.ravel(), KEY
    )

    def gradient(x):
        end, adjoint = jax.vjp(run, x)
        return (x - background) / 0.1 - adjoint(observed - end)[0]

    assert jnp.linalg.norm(gradient(analysis[0])) < 2e-3 * jnp.linalg.norm(gradient(background))


def test_windows_end_at_the_newest_observations():
    model = SHORT.model
    assert METHODS["3d-var"].window(model) == Instant()
    assert METHODS["4d-var-window-1"].window(model) == StrongConstraint(model, (24,))
    assert METHODS["4d-var-window-2"].window(model) == StrongConstraint(model, (48,))


def test_gain_gives_the_best_linear_estimate():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(5, 5))
    B, H, R = root @ root.T, rng.normal(size=(3, 5)), np.diag([0.5, 1.0, 2.0])
    K = np.asarray(gain(B, H, R))
    posterior = np.linalg.inv(np.linalg.inv(B) + H.T @ np.linalg.inv(R) @ H)
    np.testing.assert_allclose(K, posterior @ H.T @ np.linalg.inv(R), atol=2e-4)


def test_gain_limits():
    H = np.eye(4)[:2]
    np.testing.assert_allclose(gain(np.eye(4), H, 1e-6 * np.eye(2)) @ H, H.T @ H, atol=1e-5)
    np.testing.assert_allclose(gain(np.eye(4), H, 1e6 * np.eye(2)), 0.0, atol=1e-5)
