import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import great_circle_km
from latentda.operators import ZonalBlocks, estimate_zonal_blocks, gaspari_cohn

ROWS = np.array([-30.0, 0.0, 30.0])
COLUMNS = 9


def known(seed=0, channels=2):
    """A homogeneous covariance with unit variance and zonal-mean standard deviations."""
    rng = np.random.default_rng(seed)
    size, count = channels * len(ROWS), COLUMNS // 2 + 1
    blocks = rng.normal(size=(count, size, size)) + 1j * rng.normal(size=(count, size, size))
    blocks = np.tril(blocks / (1.0 + np.arange(count))[:, None, None])
    blocks[0] = blocks[0].real
    # A wavenumber other than zero stands for itself and its conjugate.
    times = np.where(np.arange(count) == 0, 1.0, 2.0)
    variance = np.einsum("m,mij->i", times, np.abs(blocks) ** 2) / COLUMNS
    sd = rng.uniform(0.5, 2.0, (channels, len(ROWS), 1)) * np.ones(COLUMNS)
    normal = blocks / np.sqrt(variance)[:, None]
    return ZonalBlocks(jnp.asarray(normal, jnp.complex64), jnp.asarray(sd, jnp.float32))


def matrix(covariance):
    shape = covariance.sd.shape
    units = np.eye(int(np.prod(shape)), dtype=np.float32).reshape(-1, *shape)
    return np.stack([np.asarray(covariance.apply(unit)).reshape(-1) for unit in units])


def samples_of(covariance, count, seed=1):
    root = np.linalg.cholesky(matrix(covariance).astype(float) + 1e-5 * np.eye(covariance.sd.size))
    white = np.random.default_rng(seed).normal(size=(count, covariance.sd.size))
    return (white @ root.T).reshape(count, *covariance.sd.shape)


def taper_matrix(radius, channels=2):
    latitude, longitude = np.meshgrid(ROWS, np.arange(COLUMNS) * 360.0 / COLUMNS, indexing="ij")
    phi, lam = (np.tile(axis.reshape(-1), channels) for axis in (latitude, longitude))
    return gaspari_cohn(great_circle_km(phi[:, None], lam[:, None], phi, lam), radius)


def test_taper_values():
    assert gaspari_cohn(0.0, 1000.0) == 1.0
    assert gaspari_cohn(500.0, 1000.0) == pytest.approx(5.0 / 24.0)
    np.testing.assert_array_equal(gaspari_cohn([1000.0, 1001.0, 1e9], 1000.0), 0.0)
    np.testing.assert_array_equal(gaspari_cohn([-300.0], 1000.0), gaspari_cohn([300.0], 1000.0))


def test_taper_falls_smoothly():
    r = np.linspace(0.0, 1.2, 2401)
    value = gaspari_cohn(r, 1.0)
    assert (np.diff(value) <= 1e-12).all()
    slope, curvature = np.gradient(value, r), np.gradient(np.gradient(value, r), r)
    # No jump of the first two derivatives where the pieces meet, at half the radius and at all of it.
    assert np.abs(np.diff(slope)).max() < 0.02
    assert np.abs(np.diff(curvature[2:-2])).max() < 0.15


@pytest.mark.parametrize("radius", [1000.0, 5000.0, 15000.0])
def test_taper_is_a_correlation_on_the_sphere(radius):
    rng = np.random.default_rng(0)
    latitude = np.rad2deg(np.arcsin(rng.uniform(-1.0, 1.0, 150)))
    longitude = rng.uniform(0.0, 360.0, 150)
    distance = great_circle_km(latitude[:, None], longitude[:, None], latitude, longitude)
    assert np.linalg.eigvalsh(gaspari_cohn(distance, radius)).min() > -1e-10


def test_a_known_covariance_has_the_variance_asked_for():
    covariance = known()
    np.testing.assert_allclose(np.diag(matrix(covariance)), np.asarray(covariance.sd).reshape(-1) ** 2, rtol=1e-4)


def test_it_is_homogeneous_along_latitude_circles():
    covariance = known()
    field = np.random.default_rng(2).normal(size=covariance.sd.shape).astype(np.float32)
    turned = covariance.apply(jnp.roll(field, 4, axis=-1))
    np.testing.assert_allclose(turned, jnp.roll(covariance.apply(field), 4, axis=-1), atol=1e-4)


def test_estimate_recovers_a_homogeneous_covariance_times_the_taper():
    truth, count, radius = known(), 4000, 12000.0
    found = estimate_zonal_blocks(samples_of(truth, count), ROWS, localization_radius_km=radius, smooth_sd=1.0)
    sd = np.asarray(truth.sd).reshape(-1)
    error = (matrix(found) - matrix(truth) * taper_matrix(radius)) / np.outer(sd, sd)
    # Averaging over longitudes only reduces the scatter of a sample covariance.
    assert np.abs(error).max() < 5.0 * np.sqrt(2.0 / count)
    np.testing.assert_allclose(found.sd, truth.sd, rtol=5.0 * np.sqrt(0.5 / count))


def test_local_standard_deviations_are_those_of_the_samples():
    samples = samples_of(known(), 30) * (1.0 + np.arange(COLUMNS))
    found = estimate_zonal_blocks(samples, ROWS, localization_radius_km=9000.0, smooth_sd=0.0)
    variance = np.mean(samples**2, axis=0).reshape(-1)
    np.testing.assert_allclose(np.diag(matrix(found)), variance, rtol=2e-3)


def test_few_samples_still_give_a_positive_operator():
    samples = samples_of(known(), 3)
    found = estimate_zonal_blocks(samples, ROWS, localization_radius_km=6000.0)
    assert np.linalg.eigvalsh(matrix(found).astype(float)).min() > 0.0


def test_blocks_too_large_for_the_machine_are_refused_with_their_size(monkeypatch):
    monkeypatch.setattr("latentda.operators.samples.machine_memory", lambda: 4 * 8 * 5 * 6**2 - 1)
    message = "5 zonal blocks of 2 channels on 3 rows, 6 x 6 numbers each, would take .* GiB; leave out levels"
    with pytest.raises(ValueError, match=message):
        estimate_zonal_blocks(samples_of(known(), 5), ROWS, localization_radius_km=6000.0)


def test_more_samples_than_a_piece_are_one_mean():
    samples = samples_of(known(), 70)
    together = matrix(estimate_zonal_blocks(samples, ROWS, localization_radius_km=9000.0))
    twice = matrix(estimate_zonal_blocks(np.tile(samples, (3, 1, 1, 1)), ROWS, localization_radius_km=9000.0))
    np.testing.assert_allclose(together, twice, rtol=1e-4, atol=1e-5)


def test_samples_that_say_nothing_are_refused():
    samples = samples_of(known(), 5)
    with pytest.raises(ValueError, match="at least two samples; got 1"):
        estimate_zonal_blocks(samples[:1], ROWS, localization_radius_km=6000.0)
    samples[:, 1] = 0.0
    with pytest.raises(ValueError, match="never varies"):
        estimate_zonal_blocks(samples, ROWS, localization_radius_km=6000.0)
