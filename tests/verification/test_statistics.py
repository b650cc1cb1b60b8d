"""Laws of the error sums: chunks add, weights are areas."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from latentda.grid import PressureLevels, build_layout, gaussian_grid, lat_lon_grid
from latentda.verification import empty_sums, error_sums, merge

LEVELS = PressureLevels((500.0, 850.0))


def layout_on(grid):
    return build_layout(grid, LEVELS, {"t": LEVELS.levels}, ["sp"])


@pytest.fixture
def states():
    layout = layout_on(gaussian_grid(8, 12))
    random = np.random.default_rng(0)
    shape = (7, *layout.shape)
    return layout, random.normal(size=shape), random.normal(size=shape)


def test_chunks_merge_to_the_whole(states):
    layout, forecast, truth = states
    whole = error_sums(forecast, truth, layout)
    pieces = [error_sums(forecast[a:b], truth[a:b], layout) for a, b in ((0, 1), (1, 5), (5, 7))]
    merged = reduce(merge, pieces, empty_sums(layout))
    assert merged.count == whole.count == 7
    np.testing.assert_allclose(merged.rmse, whole.rmse, rtol=1e-14)
    np.testing.assert_allclose(merged.bias, whole.bias, rtol=1e-12)


def test_leading_axes_are_all_summed_over(states):
    layout, forecast, truth = states
    flat = error_sums(forecast[:6], truth[:6], layout)
    folded = error_sums(forecast[:6].reshape(2, 3, *layout.shape), truth[:6].reshape(2, 3, *layout.shape), layout)
    single = error_sums(forecast[0], truth[0], layout)
    np.testing.assert_array_equal(flat.sum_square, folded.sum_square)
    assert (folded.count, single.count) == (6, 1)


@pytest.mark.parametrize("grid", [gaussian_grid(8, 12), lat_lon_grid(9, 12, poles=True), lat_lon_grid(8, 12)])
def test_a_constant_offset_is_its_own_bias_and_rmse(grid):
    layout = layout_on(grid)
    truth = np.random.default_rng(1).normal(size=(3, *layout.shape))
    offset = np.array([-2.5, 0.0, 3.0])
    sums = error_sums(truth + offset[:, None, None], truth, layout)
    np.testing.assert_allclose(sums.bias, offset, atol=1e-14)
    np.testing.assert_allclose(sums.rmse, np.abs(offset), atol=1e-14)


def test_an_error_counts_by_the_area_it_covers():
    layout = layout_on(lat_lon_grid(6, 4))
    truth = np.zeros(layout.shape)
    forecast = truth.copy()
    forecast[:, -1] = 1.0
    area_fraction = 0.5 * (1.0 - np.sin(np.deg2rad(60.0)))
    np.testing.assert_allclose(error_sums(forecast, truth, layout).bias, area_fraction, rtol=1e-12)


def test_float32_states_are_summed_in_float64():
    layout = layout_on(gaussian_grid(8, 12))
    truth = np.full((50, *layout.shape), 1.0e5, np.float32)
    sums = error_sums(truth + np.float32(0.125), truth, layout)
    np.testing.assert_allclose(sums.rmse, 0.125, rtol=1e-12)


def test_a_nan_is_an_error_that_names_the_channel(states):
    layout, forecast, truth = states
    forecast[3, 1, 2, 2] = np.nan
    with pytest.raises(ValueError, match="t@850"):
        error_sums(forecast, truth, layout)


def test_what_does_not_fit_is_refused(states):
    layout, forecast, truth = states
    with pytest.raises(ValueError, match="were wanted"):
        error_sums(forecast, truth[:2], layout)
    with pytest.raises(ValueError, match="channels cannot be merged"):
        merge(error_sums(forecast, truth, layout), empty_sums(layout.select(["sp"])))
    with pytest.raises(ValueError, match="no score"):
        _ = empty_sums(layout).rmse
