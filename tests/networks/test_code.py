import jax.numpy as jnp
import numpy as np
import pytest

from latentda.networks import Autoencoder, IdentityCode, LinearPatchCode, to_patches
from latentda.networks.code import fold_patches, from_patches, from_tokens, to_tokens

SHAPE = (3, 6, 8)


def state(seed=0):
    return np.random.default_rng(seed).normal(size=SHAPE).astype(np.float32)


@pytest.mark.parametrize("patch", [1, 2])
def test_patches_round_trip(patch):
    patches = to_patches(state(), patch)
    assert patches.shape == (6 * 8 // patch**2, 3 * patch**2)
    np.testing.assert_array_equal(from_patches(patches, patch, SHAPE), state())


def test_a_patch_is_a_square_of_all_channels():
    patches = to_patches(state(), 2)
    # Token 5 is the second of the second row of four.
    np.testing.assert_array_equal(patches[5].reshape(3, 2, 2), state()[:, 2:4, 2:4])


@pytest.mark.parametrize("periodic", [True, False])
def test_patches_cover_any_grid_and_are_cropped(periodic):
    patches = to_patches(state(), 5, periodic)
    assert patches.shape == (2 * 2, 3 * 25)
    np.testing.assert_array_equal(from_patches(patches, 5, SHAPE), state())
    whole = np.asarray(from_patches(patches, 5, (3, 10, 10)))
    # Beyond the last row its copies; beyond the last column the first ones, or its copies.
    np.testing.assert_array_equal(whole[:, 6:, :8], np.repeat(state()[:, 5:], 4, axis=1))
    beyond = state()[:, :, :2] if periodic else np.repeat(state()[:, :, 7:], 2, axis=2)
    np.testing.assert_array_equal(whole[:, :6, 8:], beyond)


def spread_out(overlap, periodic, patch=2):
    """Squares of ones that overlap, added up: how often each point is covered."""
    rows, columns = SHAPE[1] // patch, SHAPE[2] // patch
    wide = jnp.ones((rows * columns, SHAPE[0] * (patch + 2 * overlap) ** 2))
    return np.asarray(from_patches(fold_patches(wide, patch, overlap, SHAPE, periodic), patch, SHAPE))


def test_without_overlap_folding_changes_nothing():
    patches = to_patches(state(), 2)
    np.testing.assert_array_equal(fold_patches(patches, 2, 0, SHAPE, True), patches)


def test_overlapping_squares_add_up_around_the_globe_and_end_at_its_borders():
    np.testing.assert_array_equal(spread_out(1, True)[0], np.outer([1, 2, 2, 2, 2, 1], np.full(8, 2)))
    np.testing.assert_array_equal(spread_out(1, False)[0], np.outer([1, 2, 2, 2, 2, 1], [1, 2, 2, 2, 2, 2, 2, 1]))
    np.testing.assert_array_equal(spread_out(2, True)[0], np.outer([2, 2, 3, 3, 2, 2], np.full(8, 3)))


def test_a_square_lands_around_its_patch():
    wide = np.zeros((12, 3, 4, 4), np.float32)
    wide[4] = np.arange(16).reshape(4, 4)
    # Token 4 is the first of the second row of four: one point of its square lies beyond the date line.
    found = np.asarray(from_patches(fold_patches(jnp.asarray(wide.reshape(12, -1)), 2, 1, SHAPE, True), 2, SHAPE))
    np.testing.assert_array_equal(np.roll(found, 1, axis=2)[1, 1:5, :4], np.arange(16).reshape(4, 4))
    assert np.count_nonzero(found) == 3 * 15


def test_tokens_round_trip():
    tokens = to_tokens(state())
    np.testing.assert_array_equal(tokens[9], state()[:, 1, 1])
    np.testing.assert_array_equal(from_tokens(tokens, SHAPE), state())


def linear_code(latent, patch=2):
    features = SHAPE[0] * patch**2
    columns = np.linalg.qr(np.random.default_rng(1).normal(size=(features, features)))[0]
    sd = np.linspace(3.0, 0.1, latent)
    return LinearPatchCode(jnp.asarray(columns[:, :latent], jnp.float32), jnp.asarray(sd, jnp.float32), patch, SHAPE)


def test_all_components_are_exact():
    code = linear_code(latent=12)
    latent = code.encode(state())
    assert latent.shape == code.latent_shape == (12, 3, 4)
    np.testing.assert_allclose(code.decode(latent), state(), atol=1e-5)


def test_few_components_project():
    code = linear_code(latent=5)
    once = code.decode(code.encode(state()))
    np.testing.assert_allclose(code.decode(code.encode(once)), once, atol=1e-5)
    rest = state() - np.asarray(once)
    assert abs(np.vdot(rest, once)) < 1e-4
    assert 0.0 < np.sum(rest**2) < np.sum(state() ** 2)


def test_the_latent_is_in_units_of_its_standard_deviation():
    code = linear_code(latent=5)
    unit = np.zeros(code.latent_shape, np.float32)
    unit[2, 1, 3] = 1.0
    assert np.linalg.norm(code.decode(unit)) == pytest.approx(float(code.sd[2]), rel=1e-5)


def test_a_scale_is_taken_out_and_put_back():
    plain = linear_code(latent=5)
    scale = jnp.linspace(0.5, 2.0, 12)
    scaled = LinearPatchCode(plain.components, plain.sd, 2, SHAPE, scale)
    np.testing.assert_allclose(scaled.encoder, plain.encoder / scale[:, None], rtol=1e-6)
    np.testing.assert_allclose(scaled.decoder @ scaled.encoder, np.eye(5), atol=1e-5)
    once = scaled.decode(scaled.encode(state()))
    np.testing.assert_allclose(scaled.decode(scaled.encode(once)), once, atol=1e-5)
    ones = LinearPatchCode(plain.components, plain.sd, 2, SHAPE, jnp.ones(12))
    np.testing.assert_array_equal(ones.encode(state()), plain.encode(state()))


def test_identity():
    code = IdentityCode(SHAPE)
    np.testing.assert_array_equal(code.encode(state()), state())
    np.testing.assert_array_equal(code.decode(state()), state())
    assert code.latent_shape == SHAPE


@pytest.mark.parametrize("code", [IdentityCode(SHAPE), linear_code(4)], ids=["identity", "linear"])
def test_they_are_autoencoders(code):
    assert isinstance(code, Autoencoder)
