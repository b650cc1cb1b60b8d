"""Spread and rank of ensembles whose truth is one of them, and of ones that are wrong in a known way."""

import numpy as np
import pytest

from latentda.verification import ensemble_sums, merge_ensembles
from tests.worlds import sigma_layout

LAYOUT = sigma_layout(names="ut")
MEMBERS = 9


def drawn(spread=1.0, bias=0.0, cases=20, seed=0):
    random = np.random.default_rng(seed)
    parts = []
    for _ in range(cases):
        centre = random.normal(size=LAYOUT.shape)
        members = centre + spread * random.normal(size=(MEMBERS, *LAYOUT.shape))
        parts.append(ensemble_sums(members, centre + bias + random.normal(size=LAYOUT.shape), LAYOUT))
    return merge_ensembles(parts)


def test_an_ensemble_that_the_truth_belongs_to_is_right():
    found = drawn()
    assert found.cases == 20
    np.testing.assert_allclose(found.ratio, 1.0, rtol=0.1)
    np.testing.assert_allclose(found.frequencies.sum(axis=1), 1.0)
    np.testing.assert_allclose(found.frequencies.mean(axis=0), 1.0 / (MEMBERS + 1), rtol=0.2)


def test_too_little_spread_puts_the_truth_outside():
    found = drawn(spread=0.3)
    assert found.ratio.max() < 0.6
    ranks = found.frequencies.mean(axis=0)
    assert min(ranks[0], ranks[-1]) > 2.0 * ranks[1:-1].max()


def test_a_bias_leans_the_ranks():
    ranks = drawn(bias=2.0).frequencies.mean(axis=0)
    assert ranks[-1] > 5.0 * ranks[0]


def test_one_member_has_no_spread():
    with pytest.raises(ValueError, match="at least two"):
        ensemble_sums(np.zeros((1, *LAYOUT.shape)), np.zeros(LAYOUT.shape), LAYOUT)
