import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.networks import Autoencoder, AutoencoderSettings, PatchAutoencoder, empty_code
from latentda.networks.autoencoder import position_embedding
from tests.networks.conftest import SETTINGS, SHAPE
from tests.worlds import check_linearisation, double

encode = eqx.filter_jit(lambda code, anomaly: code.encode(anomaly))
decode = eqx.filter_jit(lambda code, latent: code.decode(latent))


def test_it_starts_as_its_linear_code(network, start, anomaly):
    assert isinstance(network, Autoencoder)
    latent = encode(network, anomaly)
    assert latent.shape == network.latent_shape == start.latent_shape == (4, 2, 4)
    np.testing.assert_allclose(latent, encode(start, anomaly), atol=1e-6)
    np.testing.assert_allclose(decode(network, latent), decode(start, latent), atol=1e-6)


def test_wider_squares_start_as_the_same_map_and_reach_further(awake, anomaly):
    wider = awake.with_overlap(1)
    latent = encode(awake, anomaly)
    np.testing.assert_allclose(decode(wider, latent), decode(awake, latent), atol=1e-6)
    assert wider.with_overlap(2).settings.overlap == 2
    with pytest.raises(ValueError, match="overlap by 1 points already"):
        wider.with_overlap(0)


def reach(code, latent, column):
    """Largest change of the fields above each token, from one token of the first row."""
    direction = jnp.zeros_like(latent).at[:, 0, column].set(1.0)
    change = jax.jit(lambda z, d: jax.jvp(lambda z: code.decode(z), (z,), (d,))[1])(latent, direction)
    by_token = np.abs(change).reshape(SHAPE[0], 2, SETTINGS.patch, 4, SETTINGS.patch)
    return by_token.max(axis=(0, 2, 4))


def test_attention_sees_across_the_date_line(network, awake, anomaly):
    latent = encode(network, anomaly)
    silent = reach(network, latent, 3)
    assert silent[0, 3] > 0.1
    assert np.count_nonzero(silent > 1e-6) == 1
    assert (reach(awake, latent, 3) > 1e-3 * reach(awake, latent, 3).max()).all()


def test_positions_know_no_border_at_the_date_line():
    rows, columns = 3, 8
    table = np.asarray(position_embedding(rows, columns, 16, circle=columns)).reshape(rows, columns, 16)
    steps = np.linalg.norm(table - np.roll(table, 1, axis=1), axis=-1)
    np.testing.assert_allclose(steps, steps[0, 0], rtol=1e-4)
    flat = table.reshape(rows * columns, 16)
    distance = np.linalg.norm(flat[:, None] - flat, axis=-1) + np.eye(rows * columns)
    assert distance.min() > 0.05


def test_positions_of_a_region_have_two_edges():
    table = np.asarray(position_embedding(3, 8, 16)).reshape(3, 8, 16)
    across = np.linalg.norm(table[0, 0] - table[0, -1])
    assert across > np.linalg.norm(np.diff(table[0], axis=0), axis=-1).max()


def test_positions_close_on_the_circle_though_the_last_patch_reaches_beyond():
    # Three and a half patches around the globe: column 3.5 is column 0.
    table = np.asarray(position_embedding(1, 8, 16, circle=3.5))
    np.testing.assert_allclose(table[7], table[0], atol=1e-5)
    assert np.linalg.norm(table[3] - table[0]) > 0.1


@pytest.mark.parametrize(("rows", "width"), [(1, 16), (2, 18)])
def test_positions_of_odd_shapes(rows, width):
    table = position_embedding(rows, 4, width)
    assert table.shape == (rows * 4, width)
    assert np.isfinite(table).all()


@pytest.mark.usefixtures("float64")
def test_decoder_linearisation_is_of_second_order_and_has_its_transpose_as_adjoint(awake):
    code = double(awake)
    latent, direction = np.random.default_rng(4).normal(size=(2, *code.latent_shape))
    # JAX's attention works in float32 inside, whatever goes in.
    check_linearisation(lambda z: code.decode(z), latent, direction, rel=1e-6, exponents=(1, 2, 3), atol=0.1)


@pytest.mark.parametrize("periodic", [True, False])
def test_any_grid_will_do(periodic):
    shape = (2, 7, 13)
    start = empty_code(shape, SETTINGS, periodic)
    components = jnp.asarray(np.random.default_rng(0).normal(size=start.components.shape), jnp.float32)
    network = PatchAutoencoder(eqx.tree_at(lambda c: c.components, start, components), SETTINGS, jax.random.key(0))
    latent = encode(network, jnp.ones(shape))
    assert latent.shape == network.latent_shape == (4, 2, 4)
    assert decode(network, latent).shape == shape
    assert network.periodic is periodic


@pytest.mark.parametrize(
    ("wrong", "words"), [({"width": 10, "heads": 4}, "10 cannot be shared by 4"), ({"patch": 0}, "patch is 0")]
)
def test_wrong_settings_are_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        AutoencoderSettings(**wrong)
