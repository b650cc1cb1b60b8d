import numpy as np
import pytest

from latentda.grid import gaussian_grid
from latentda.networks import AutoencoderSettings, IdentityCode, to_patches
from latentda.training import (
    TrainingSettings,
    principal_components,
    reconstruction_loss,
    train_autoencoder,
    unexplained_variance,
)
from tests.worlds import smooth_fields

GRID = gaussian_grid(8, 16)
SHAPE = AutoencoderSettings(patch=4, latent=4, width=16, heads=2, blocks=1, mlp_ratio=2)


@pytest.fixture(scope="module")
def anomalies():
    return smooth_fields(GRID, 32, 2)


def weighted_patches(anomalies):
    """Every patch of every state, scaled by the root of its area."""
    patches = np.stack([np.asarray(to_patches(state, SHAPE.patch)) for state in anomalies])
    area = GRID.area_weights.reshape(2, 4, 4, 4).mean(axis=(1, 3)).reshape(-1)
    return (patches * np.sqrt(area)[:, None]).reshape(-1, patches.shape[-1]).astype(float)


def test_principal_components_are_those_of_a_singular_value_decomposition(anomalies):
    code = principal_components(anomalies, SHAPE, GRID)
    rows = weighted_patches(anomalies)
    _, values, vectors = np.linalg.svd(rows, full_matrices=False)
    np.testing.assert_allclose(code.sd, values[:4] / np.sqrt(len(rows)), rtol=1e-4)
    overlap = np.abs(np.asarray(code.components).T @ vectors[:4].T)
    np.testing.assert_allclose(overlap, np.eye(4), atol=1e-3)


def test_all_components_explain_everything(anomalies):
    every = AutoencoderSettings(patch=2, latent=8)
    code = principal_components(anomalies, every, GRID)
    np.testing.assert_allclose(unexplained_variance(code, anomalies, GRID), 0.0, atol=1e-8)


def test_more_components_explain_more(anomalies):
    missed = [
        unexplained_variance(
            principal_components(anomalies, AutoencoderSettings(patch=4, latent=n), GRID),
            anomalies,
            GRID,
        ).mean()
        for n in (1, 4, 12)
    ]
    assert 1.0 > missed[0] > missed[1] > missed[2] > 0.0


def test_the_loss_is_the_unexplained_variance(anomalies):
    normal = anomalies / np.sqrt(np.mean(anomalies**2 * GRID.area_weights, (0, 2, 3)))[:, None, None]
    code = principal_components(normal, SHAPE, GRID)
    loss = float(reconstruction_loss(code, (normal, GRID.area_weights)))
    assert loss == pytest.approx(unexplained_variance(code, normal, GRID).mean(), rel=1e-4)
    assert float(reconstruction_loss(IdentityCode(normal.shape[1:]), (normal, 1.0))) == 0.0


def test_training_improves_on_the_principal_components_and_resumes(anomalies, tmp_path):
    settings = TrainingSettings(steps=40, batch_size=32, learning_rate=3e-3, checkpoint_every=20)
    half = anomalies.astype(np.float16)
    checkpoint = tmp_path / "code.safetensors"
    trained = train_autoencoder(half, GRID, SHAPE, settings, checkpoint=checkpoint)
    start = principal_components(half, SHAPE, GRID)
    before = float(reconstruction_loss(start, (anomalies, GRID.area_weights)))
    # Every batch is the whole set here, so that the first loss is that of the start.
    assert trained.losses[0] == pytest.approx(before, rel=1e-2)
    assert trained.losses[-1] < 0.97 * before
    again = train_autoencoder(half, GRID, SHAPE, settings, checkpoint=checkpoint)
    np.testing.assert_array_equal(again.losses, trained.losses)


@pytest.mark.parametrize(("patch", "latent"), [(3, 4), (2, 9)])
def test_shapes_that_do_not_suit_are_refused(anomalies, patch, latent):
    with pytest.raises(ValueError, match=f"A patch of {patch} with {latent} latent channels"):
        principal_components(anomalies, AutoencoderSettings(patch=patch, latent=latent), GRID)
