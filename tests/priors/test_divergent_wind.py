import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.networks import IdentityCode
from latentda.operators import BandLimit, Diagonal
from latentda.priors import (
    DivergentWind,
    draw_increments,
    estimate_divergent_wind,
    read_divergent_wind,
    write_divergent_wind,
)
from tests.worlds import compilations, sigma_layout

LAYOUT = sigma_layout()
SCALE = np.linspace(1.0, 3.0, len(LAYOUT.channels)).astype(np.float32)
LIMIT = BandLimit(LAYOUT, SCALE)
PSI, CHI, REST = LIMIT.variables


def drawn(follow, size, seed, count=400):
    """States whose velocity potential follows the streamfunction by ``follow``, with a rest of ``size``."""
    rng = np.random.default_rng(seed)
    white = jnp.asarray(rng.normal(size=(count, len(LAYOUT.channels), *LIMIT.transform.spectral_shape)), jnp.float32)
    spectral = white * LIMIT.transform.mask
    chi = follow * spectral[:, PSI] + size * spectral[:, CHI]
    return jax.jit(jax.vmap(LIMIT.to_grid))(spectral.at[:, CHI].set(chi))


@pytest.fixture(scope="module")
def wind():
    return estimate_divergent_wind(drawn(0.3, 0.2, 1), drawn(-0.1, 0.6, 2), LIMIT)


def test_draws_get_the_divergent_wind_of_the_errors(wind):
    states = drawn(-0.1, 0.6, 3)
    found = jax.jit(jax.vmap(lambda a: LIMIT.to_spectral(wind(a))))(states)
    n = slice(1, LIMIT.transform.truncation)
    psi, chi = (np.asarray(found[:, part])[..., n][:, :, LIMIT.transform.mask[:, n]] for part in (PSI, CHI))
    slope = np.mean(psi * chi, axis=(0, 2)) / np.mean(psi**2, axis=(0, 2))
    np.testing.assert_allclose(slope, 0.3, atol=0.02)
    np.testing.assert_allclose(np.std(chi - 0.3 * psi, axis=(0, 2)), 0.2, atol=0.02)


def test_all_else_stays(wind):
    state = drawn(0.0, 1.0, 4, count=1)[0]
    before, after = LIMIT.to_spectral(state), LIMIT.to_spectral(wind(state))
    np.testing.assert_allclose(after[PSI], before[PSI], atol=1e-4)
    np.testing.assert_allclose(after[REST], before[REST], atol=1e-4)
    assert np.abs(after[CHI] - before[CHI]).max() > 0.1


def test_draws_that_are_right_stay_as_they_are():
    errors = drawn(0.3, 0.5, 5)
    wind = estimate_divergent_wind(errors, errors, LIMIT)
    np.testing.assert_allclose(wind(errors[0]), LIMIT(errors[0]), atol=1e-2)


def test_increments_are_drawn_around_latents():
    latents = jnp.asarray([[2.0] * 3, [4.0] * 3])
    found = list(draw_increments(lambda z: z**2, latents, lambda key: jax.random.normal(key, (3,))))
    step = jax.random.normal(jax.random.key(1), (3,))
    np.testing.assert_allclose(found[1], (4.0 + step) ** 2 - 16.0, rtol=1e-5)


def test_increments_of_other_weights_compile_nothing():
    latents = jnp.ones((2, 3, 1, 1))
    errors = [Diagonal(jnp.full((3, 1, 1), sd)) for sd in (0.5, 2.0)]
    first = list(draw_increments(IdentityCode((3, 1, 1)).decode, latents, errors[0].sample))
    with compilations() as compiled:
        second = list(draw_increments(IdentityCode((3, 1, 1)).decode, latents, errors[1].sample))
    assert compiled == []
    np.testing.assert_allclose(second, 4.0 * np.asarray(first), rtol=1e-5)


def test_round_trip(wind, tmp_path):
    file = tmp_path / "wind.safetensors"
    write_divergent_wind(wind, file)
    found = read_divergent_wind(file, LAYOUT, SCALE)
    assert isinstance(found, DivergentWind)
    np.testing.assert_array_equal(found.matrices, wind.matrices)
    with pytest.raises(ValueError, match="another layout"):
        read_divergent_wind(file, sigma_layout(levels=(0.3, 0.6, 0.9)), np.ones(13))
    file.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="holds no divergent wind"):
        read_divergent_wind(file, LAYOUT, SCALE)
