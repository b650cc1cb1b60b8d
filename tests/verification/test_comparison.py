"""Methods side by side: ratios are paired over seeds, and the reference is the best 3D-Var."""

import numpy as np
import pytest

from latentda.verification import Score
from latentda.verification.comparison import best_reference, compare

ERRORS = {"free_run": (0.6, 1.2), "3dvar": (0.30, 0.60), "3dvar_other": (0.25, 0.5), "latent_3dvar": (0.24, 0.46)}


def scores(errors=ERRORS, kind="analysis", lead=0):
    return [
        Score("mine", method, seed, "mean", lead, kind, error, 5)
        for method, values in errors.items()
        for seed, error in enumerate(values)
    ]


def test_the_reference_is_the_best_model_space_method():
    assert best_reference(scores()) == "3dvar_other"
    assert best_reference(scores({"latent_3dvar": (0.2,)})) is None


def test_ratios_are_paired_over_seeds():
    rows = {row.method: row for row in compare(scores(), "analysis")}
    assert rows["3dvar_other"].ratio == 1.0
    assert rows["3dvar_other"].standard_error == 0.0
    pairs = np.array([0.24 / 0.25, 0.46 / 0.5])
    latent = rows["latent_3dvar"]
    assert (latent.error, latent.ratio) == (pytest.approx(0.35), pytest.approx(pairs.mean()))
    assert latent.standard_error == pytest.approx(np.abs(np.diff(pairs))[0] / 2.0)
    # A season twice as hard for all leaves the ratio without spread.
    assert rows["free_run"].standard_error == pytest.approx(0.0, abs=1e-12)


def test_seeds_the_reference_lacks_do_not_count():
    rows = {r.method: r for r in compare(scores({"3dvar": (0.3,), "latent_3dvar": (0.24, 9.0)}), "analysis")}
    assert rows["latent_3dvar"].ratio == pytest.approx(0.8)
    assert rows["latent_3dvar"].standard_error is None
    assert rows["latent_3dvar"].seeds == 1


def test_without_a_reference_there_are_errors_but_no_ratios():
    rows = compare(scores({"free_run": (0.6,)}), "analysis")
    assert (rows[0].error, rows[0].ratio) == (0.6, None)


def test_forecasts_are_compared_with_the_same_reference():
    both = scores() + scores({"3dvar": (0.5, 0.5), "3dvar_other": (0.8, 0.8)}, "forecast", 120)
    rows = {row.method: row for row in compare(both, "forecast", 120)}
    assert rows["3dvar"].ratio == pytest.approx(0.625)
