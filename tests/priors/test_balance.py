import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import gaussian_grid, regional_grid
from latentda.operators import SphericalTransform, white_control
from latentda.priors import estimate_balanced
from tests.worlds import sigma_layout, smooth_fields

LAYOUT = sigma_layout()
SCALE = np.linspace(0.5, 2.0, LAYOUT.shape[0]).astype(np.float32)
COUNT = 60

root = eqx.filter_jit(lambda B, v: B.root(v))
many = eqx.filter_jit(lambda B, keys: jax.vmap(B.sample)(keys))


@pytest.fixture(scope="module")
def transform():
    return SphericalTransform(LAYOUT.grid)


@pytest.fixture(scope="module")
def samples(transform):
    """Errors whose winds are nearly rotational and whose mass follows f psi."""
    grid = LAYOUT.grid
    psi, rest, mass, humidity = (smooth_fields(grid, COUNT, 3, seed) for seed in range(4))
    psi, rest = psi[:, :2], rest[:, :2]
    sine = np.sin(np.deg2rad(grid.latitude))[:, None]
    # Winds know nothing of a streamfunction's mean.
    spectral = transform.to_spectral(psi) * transform.mask * (np.arange(transform.spectral_shape[1]) > 0)
    chi = 0.3 * spectral[:, ::-1] + 0.1 * transform.to_spectral(rest) * transform.mask
    u, v = jax.jit(transform.winds)(spectral, chi)
    linear = np.asarray(transform.to_grid(transform.to_spectral(sine * np.asarray(transform.to_grid(spectral)))))
    balanced = np.concatenate([4.0 * linear, 2.0 * linear[:, :1]], axis=1) + 0.3 * mass
    fields = {"u": u, "v": v, "t": balanced[:, :2], "sp": balanced[:, 2:], "q": humidity[:, :2]}
    state = np.zeros((COUNT, *LAYOUT.shape), np.float32)
    for name, field in fields.items():
        state[:, LAYOUT.indices(name)] = field
    return state / SCALE[:, None, None]


@pytest.fixture(scope="module")
def covariance(samples):
    return estimate_balanced(samples, SCALE, LAYOUT)


@pytest.fixture(scope="module")
def draws(covariance):
    return np.asarray(many(covariance, jax.random.split(jax.random.key(0), 600)))


def test_draws_have_the_variance_of_the_samples(samples, draws):
    weights = LAYOUT.grid.area_weights
    wanted, found = (np.mean(x**2 * weights, axis=(0, 2, 3)) for x in (samples, draws))
    np.testing.assert_allclose(found, wanted, rtol=0.2)


def test_mass_follows_the_streamfunction_as_in_the_samples(samples, draws, transform):
    def regression(states):
        physical = states * SCALE[:, None, None]
        psi, _ = transform.potentials(*(physical[:, LAYOUT.indices(name)] for name in "uv"))
        sine = np.sin(np.deg2rad(LAYOUT.grid.latitude))[:, None]
        linear = (sine * np.asarray(transform.to_grid(psi)))[:, 0]
        pressure = physical[:, LAYOUT.index("sp")]
        return np.sum(linear * pressure) / np.sum(linear**2)

    assert regression(samples) == pytest.approx(2.0, abs=0.3)
    assert regression(draws) == pytest.approx(regression(samples), rel=0.1)


def test_the_unbalanced_mass_is_small(covariance, samples):
    total = np.mean((samples * SCALE[:, None, None])[:, LAYOUT.indices("t")] ** 2)
    assert np.mean(np.asarray(covariance.mass.sd)[:2] ** 2) < 0.15 * total


def test_winds_are_those_of_the_potentials(covariance, transform):
    # What U makes is a truncated flow: analysing its winds and making them anew changes nothing.
    field = np.asarray(root(covariance, white_control(covariance, jax.random.key(1)))) * SCALE[:, None, None]
    field = field / np.asarray(covariance.calibration)
    u, v = (jnp.asarray(field[LAYOUT.indices(name)]) for name in "uv")
    again = jax.jit(lambda u, v: transform.winds(*transform.potentials(u, v)))(u, v)
    for first, second in zip((u, v), again, strict=True):
        np.testing.assert_allclose(first, second, atol=2e-5 * float(jnp.abs(u).max()))


def test_humidity_stands_alone(covariance):
    zero = covariance.zero_control()
    only = (*zero[:3], jnp.ones_like(zero[3]))
    field = np.asarray(root(covariance, only))
    others = np.setdiff1d(np.arange(LAYOUT.shape[0]), LAYOUT.indices("q"))
    assert np.abs(field[LAYOUT.indices("q")]).max() > 0.0
    np.testing.assert_array_equal(field[others], 0.0)


def test_layouts_it_cannot_serve_are_refused(samples):
    layout = sigma_layout(names="uvt")
    with pytest.raises(ValueError, match=r"needs \['q'\] in the layout too"):
        estimate_balanced(samples[:, : layout.shape[0]], SCALE[: layout.shape[0]], layout)
    region = sigma_layout(regional_grid(gaussian_grid(8, 16).latitude, np.arange(16.0)))
    with pytest.raises(ValueError, match="global grid; this one is regional"):
        estimate_balanced(samples, SCALE, region)
