import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import PressureLevels, build_layout, gaussian_grid, regional_grid
from latentda.operators import SphericalTransform, white_control
from latentda.priors import estimate_balanced
from latentda.priors.balance import channels_of
from tests.worlds import NEAR_SURFACE, pressure_layout, sigma_layout, smooth_fields

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


def test_a_region_is_refused(samples):
    region = sigma_layout(regional_grid(gaussian_grid(8, 16).latitude, np.arange(16.0)))
    with pytest.raises(ValueError, match="global grid; this one is regional"):
        estimate_balanced(samples, SCALE, region)


RICH = pressure_layout(names="zqtuv", surface=NEAR_SURFACE, levels=(500.0, 850.0))
"""As a reanalysis has it: no surface pressure, much else, in an order of its own."""


@pytest.fixture(scope="module")
def rich_samples(transform):
    """Errors of a rotational wind, at 10 m seven tenths of the lowest, whose f psi the mass on the ground follows."""
    grid = RICH.grid
    psi = smooth_fields(grid, COUNT, 2, 5)
    spectral = transform.to_spectral(psi) * transform.mask * (np.arange(transform.spectral_shape[1]) > 0)
    u, v = (np.asarray(wind) for wind in jax.jit(transform.winds)(spectral, 0.1 * spectral[:, ::-1]))
    sine = np.sin(np.deg2rad(grid.latitude))[:, None]
    linear = np.asarray(transform.to_grid(transform.to_spectral(sine * np.asarray(transform.to_grid(spectral)))))
    state = np.array(smooth_fields(grid, COUNT, RICH.shape[0], 6))
    state[:, RICH.indices("u")], state[:, RICH.indices("v")] = u, v
    state[:, RICH.index("u10m")], state[:, RICH.index("v10m")] = 0.7 * u[:, 1], 0.7 * v[:, 1]
    state[:, RICH.indices("z")] = 3.0 * linear + 0.3 * state[:, RICH.indices("z")]
    state[:, RICH.index("msl")] = 2.0 * linear[:, 1] + 0.3 * state[:, RICH.index("msl")]
    return state - state.mean(axis=0)


@pytest.fixture(scope="module")
def rich(rich_samples):
    return estimate_balanced(rich_samples, np.ones(RICH.shape[0], np.float32), RICH, smooth_sd=0.0)


@pytest.fixture(scope="module")
def rich_draws(rich):
    return np.asarray(many(rich, jax.random.split(jax.random.key(0), 600)))


def test_every_channel_has_its_place():
    channels = channels_of(RICH)
    assert sorted(np.concatenate(channels).tolist()) == list(range(RICH.shape[0]))
    names = [[RICH.names[i] for i in group] for group in channels]
    assert names[0] == ["u@500", "u@850", "u10m"]
    assert names[1] == ["v@500", "v@850", "v10m"]
    assert names[2] == ["t@500", "t@850", "z@500", "z@850", "msl", "t2m"]
    assert names[3] == ["q@500", "q@850", "d2m"]


def test_a_wind_of_one_component_is_no_wind():
    layout = build_layout(RICH.grid, PressureLevels((500.0, 850.0)), {"u": (500.0, 850.0), "v": (850.0,)}, ("v10m",))
    channels = channels_of(layout)
    assert [[layout.names[i] for i in group] for group in channels] == [["u@850"], ["v@850"], [], ["u@500", "v10m"]]


def test_standard_deviations_are_those_of_the_samples(rich_samples, rich_draws):
    found, wanted = (np.sqrt(np.mean(x**2, axis=0)) for x in (rich_draws, rich_samples))
    # 600 draws know one to 3 %, the 200 of the calibration less.
    np.testing.assert_allclose(np.log(found / wanted), 0.0, atol=0.3)
    assert np.abs(np.log(found / wanted)).mean() < 0.05


@pytest.mark.parametrize(("name", "slope"), [("msl", 2.0), ("z@850", 3.0)])
def test_mass_without_surface_pressure_follows_the_wind_too(rich_samples, rich_draws, transform, name, slope):
    def regression(states):
        psi, _ = transform.potentials(*(jnp.asarray(states[:, RICH.indices(wind)]) for wind in "uv"))
        sine = np.sin(np.deg2rad(RICH.grid.latitude))[:, None]
        linear = (sine * np.asarray(transform.to_grid(psi)))[:, 1]
        return np.sum(linear * states[:, RICH.index(name)]) / np.sum(linear**2)

    assert regression(rich_samples) == pytest.approx(slope, rel=0.15)
    assert regression(rich_draws) == pytest.approx(regression(rich_samples), rel=0.15)


def test_the_wind_at_10_m_goes_with_the_lowest_one(rich_draws):
    lowest, near = (rich_draws[:, RICH.index(name)].reshape(-1) for name in ("u@850", "u10m"))
    assert np.corrcoef(lowest, near)[0, 1] > 0.9


def test_a_layout_without_winds_has_mass_and_the_rest(rich_samples):
    layout = RICH.select(["z", "msl", "q"])
    kept = [RICH.index(name) for name in layout.names]
    found = estimate_balanced(rich_samples[:, kept], np.ones(len(kept), np.float32), layout, smooth_sd=0.0)
    drawn = np.asarray(many(found, jax.random.split(jax.random.key(1), 300)))
    ratio = np.sqrt(np.mean(drawn**2, axis=(0, 3)) / np.mean(rich_samples[:, kept] ** 2, axis=(0, 3)))
    np.testing.assert_allclose(ratio, 1.0, atol=0.2)


def test_a_layout_of_winds_alone(rich_samples):
    layout = RICH.select(["u", "v"])
    kept = [RICH.index(name) for name in layout.names]
    found = estimate_balanced(rich_samples[:, kept], np.ones(len(kept), np.float32), layout)
    assert np.isfinite(root(found, white_control(found, jax.random.key(2)))).all()
