import numpy as np
import pytest

from latentda.grid import gaussian_grid, regional_grid
from latentda.networks import AutoencoderSettings, to_patches
from latentda.training import (
    ObjectiveSettings,
    best_linear_code,
    principal_components,
    sample_moments,
    unexplained_variance,
)
from tests.worlds import smooth_fields

GRID = gaussian_grid(8, 16)
SHAPE = AutoencoderSettings(patch=4, latent=4, width=16, heads=2)
STATES = ObjectiveSettings(reconstruction=1.0, difference=0.0)
DIFFERENCES = ObjectiveSettings(reconstruction=0.0, difference=1.0)
BOTH = ObjectiveSettings()


@pytest.fixture(scope="module")
def pairs():
    """States of two channels whose differences are another kind of field, larger in the second channel."""
    states, changes = smooth_fields(GRID, 32, 2), smooth_fields(GRID, 32, 2, seed=5)
    changes = np.roll(changes, 1, axis=3) - changes
    return np.stack([states, states + np.array([0.1, 0.8])[:, None, None] * changes], axis=1).astype(np.float32)


def weighted_patches(states, factor=(1.0, 1.0)):
    """Every patch of every state, scaled by the root of its area and by a factor a channel."""
    scaled = states * np.asarray(factor)[:, None, None]
    patches = np.stack([np.asarray(to_patches(state, SHAPE.patch)) for state in scaled])
    area = GRID.area_weights.reshape(2, 4, 4, 4).mean(axis=(1, 3)).reshape(-1)
    return (patches * np.sqrt(area)[:, None]).reshape(-1, patches.shape[-1]).astype(float)


def moments_of(samples, patch=SHAPE.patch, grid=GRID):
    return sample_moments([samples[:20], samples[20:]], patch, grid)


def same_subspace(found, expected):
    overlap = np.linalg.svd(np.asarray(found).T @ expected)[1]
    np.testing.assert_allclose(overlap, 1.0, atol=1e-3)


def test_without_differences_they_are_those_of_a_singular_value_decomposition(pairs):
    states = pairs[:, :1]
    code = principal_components(moments_of(states), SHAPE, STATES)
    rows = weighted_patches(states[:, 0])
    _, values, vectors = np.linalg.svd(rows, full_matrices=False)
    np.testing.assert_allclose(code.sd, values[:4] / np.sqrt(len(rows)), rtol=1e-4)
    np.testing.assert_allclose(np.abs(np.asarray(code.components).T @ vectors[:4].T), np.eye(4), atol=1e-3)
    np.testing.assert_array_equal(code.scale, 1.0)


def test_without_reconstruction_they_are_those_of_the_scaled_differences(pairs):
    change = pairs[:, 1] - pairs[:, 0]
    root_mean_square = np.sqrt(np.mean(change**2 * GRID.area_weights, axis=(0, 2, 3)))
    code = principal_components(moments_of(pairs), SHAPE, DIFFERENCES)
    _, _, vectors = np.linalg.svd(weighted_patches(change, 1.0 / root_mean_square), full_matrices=False)
    same_subspace(code.components, vectors[:4].T)
    np.testing.assert_allclose(code.scale, np.repeat(root_mean_square, 16), rtol=1e-4)


@pytest.mark.parametrize("goal", [DIFFERENCES, BOTH])
def test_the_start_is_better_than_the_principal_components_of_the_states(pairs, goal):
    moments = moments_of(pairs)
    objective = moments.objective(goal)
    found = float(objective(best_linear_code(moments, SHAPE, objective, [pairs]), pairs))
    plain = float(objective(principal_components(moments, SHAPE, STATES), pairs))
    assert found < 0.98 * plain


def test_the_start_for_states_alone_is_their_principal_components(pairs):
    moments = moments_of(pairs[:, :1])
    code = best_linear_code(moments, SHAPE, moments.objective(STATES), [])
    np.testing.assert_array_equal(code.components, principal_components(moments, SHAPE, STATES).components)


def test_codes_project_and_their_latents_have_unit_variance(pairs):
    for goal in (STATES, BOTH):
        code = principal_components(moments_of(pairs), SHAPE, goal)
        np.testing.assert_allclose(code.decoder @ code.encoder, np.eye(4), atol=1e-4)
        flat = pairs.reshape(-1, *pairs.shape[2:])
        latent = weighted_patches(flat) @ np.asarray(code.encoder)
        np.testing.assert_allclose(np.mean(latent**2, axis=0), 1.0, rtol=1e-3)


@pytest.mark.parametrize("grid", [GRID, regional_grid(np.linspace(40, 50, 7), np.linspace(-5, 5, 9))])
def test_all_components_explain_everything_on_any_grid(grid):
    samples = np.random.default_rng(0).normal(size=(24, 2, 2, *grid.shape)).astype(np.float32)
    moments = sample_moments([samples], 2, grid)
    code = principal_components(moments, AutoencoderSettings(patch=2, latent=8), BOTH)
    scores = unexplained_variance(code, [samples], moments.objective(BOTH))
    np.testing.assert_allclose([scores.anomaly, scores.difference], 0.0, atol=1e-8)


def test_more_components_explain_more(pairs):
    moments = moments_of(pairs)
    codes = [principal_components(moments, AutoencoderSettings(patch=4, latent=n), BOTH) for n in (1, 4, 12)]
    missed = [unexplained_variance(code, [pairs], moments.objective(BOTH)).loss for code in codes]
    assert 1.0 > missed[0] > missed[1] > missed[2] > 0.0


def test_the_loss_of_normal_variances_is_the_unexplained_variance(pairs):
    states = pairs[:, :1] / np.sqrt(np.mean(pairs[:, :1] ** 2 * GRID.area_weights, (0, 1, 3, 4)))[:, None, None]
    moments = moments_of(states)
    scores = unexplained_variance(principal_components(moments, SHAPE, STATES), [states], moments.objective(STATES))
    assert scores.loss == pytest.approx(scores.anomaly.mean(), rel=1e-4)
    assert np.isnan(scores.difference).all()


def test_a_row_that_never_changes_has_a_finite_weight(pairs):
    still = pairs.copy()
    still[:, 1, :, 0] = still[:, 0, :, 0]
    precision = np.asarray(moments_of(still).objective(BOTH).precision)
    assert np.isfinite(precision).all()
    assert precision[0, 0] == precision[0].max()


def test_more_components_than_numbers_are_refused(pairs):
    with pytest.raises(ValueError, match="9 latent channels are more than the 8 numbers of a patch"):
        principal_components(moments_of(pairs, patch=2), AutoencoderSettings(patch=2, latent=9), BOTH)
