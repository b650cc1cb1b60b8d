import numpy as np
import pytest

from latentda.assimilation.optimal_interpolation import gain
from latentda.experiments.lorenz96 import Lorenz96Twin, run_lorenz96
from latentda.forecast import Lorenz96

SHORT = Lorenz96Twin(Lorenz96(points=8), cycles=30, spinup_cycles=10, climatology_steps=300)


@pytest.mark.parametrize(("method", "low", "high"), [("optimal-interpolation", 0.92, 0.96), ("3d-var", 0.39, 0.46)])
def test_published_scores(method, low, high):
    rows = run_lorenz96(method, seeds=(1, 2, 3))
    analyses = [row["rmse"] for row in rows if row["kind"] == "analysis"]
    assert len(analyses) == 3
    assert low < np.mean(analyses) < high
    assert np.ptp(analyses) > 0.0


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
    expected = {"experiment": "lorenz96", "method": "3d-var", "channel": "x", "lead_hours": 0}
    assert all(expected.items() <= row.items() and row["count"] == 20 for row in rows)


def test_a_seed_scores_the_same_alone_and_in_company():
    alone = run_lorenz96("3d-var", (9,), SHORT)
    company = run_lorenz96("3d-var", (5, 9), SHORT)[2:]
    for one, other in zip(alone, company, strict=True):
        assert one["rmse"] == pytest.approx(other["rmse"], rel=1e-3)


def test_unknown_methods_and_empty_runs_are_refused():
    with pytest.raises(ValueError, match="'4d-far'; known are optimal-interpolation, 3d-var"):
        run_lorenz96("4d-far", (1,))
    with pytest.raises(ValueError, match="Nothing to score"):
        run_lorenz96("3d-var", ())


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
