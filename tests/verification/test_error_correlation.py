"""The correlation length of observation errors along soundings comes back from optimal analyses."""

from __future__ import annotations

import numpy as np
import pytest

from latentda.observations import concatenate
from latentda.verification import layer_products, merge_products
from tests.feedback_tables import feedback_table


@pytest.mark.parametrize("length", [0.2, 0.6])
def test_the_length_comes_back(length):
    (products,) = layer_products(feedback_table(stations=4000, length=length))
    assert products.length == pytest.approx(length, rel=0.12)


def test_independent_errors_have_no_length():
    (products,) = layer_products(feedback_table(stations=4000))
    assert products.length < 0.06
    off = products.correlation[~np.eye(11, dtype=bool)]
    assert np.abs(off).max() < 0.15


def test_correlations_are_one_with_themselves_and_symmetric():
    (products,) = layer_products(feedback_table(length=0.4))
    assert np.diag(products.correlation) == pytest.approx(1.0)
    assert products.correlation == pytest.approx(products.correlation.T)


def test_windows_merge_to_all_ascents():
    parts = [feedback_table(seed, cycle=seed, length=0.3) for seed in range(3)]
    (merged,) = merge_products(layer_products(part) for part in parts)
    (whole,) = layer_products(concatenate(parts))
    for name in ("count", "product", "distance"):
        assert getattr(merged, name) == pytest.approx(getattr(whole, name), rel=1e-9), name


def test_too_few_ascents_have_no_length():
    (products,) = layer_products(feedback_table(stations=3))
    assert products.length is None
