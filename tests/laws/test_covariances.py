"""What every covariance must obey."""

from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.operators import (
    Dense,
    Diagonal,
    Ensemble,
    Scaled,
    SphericalTransform,
    Sum,
    estimate_spherical_blocks,
    estimate_zonal_blocks,
    white_control,
)
from latentda.priors import LocalizedEnsemble, LocalizedSamples, estimate_balanced, horizontal_taper, model_space_taper
from tests.worlds import (
    NEAR_SURFACE,
    balanced_covariance,
    double,
    inner,
    pressure_layout,
    sigma_layout,
    smooth_fields,
)

pytestmark = pytest.mark.usefixtures("float64")


def diagonal():
    return Diagonal(jnp.asarray(np.random.default_rng(0).uniform(0.5, 2.0, (2, 3, 4))))


def dense():
    lower = np.tril(np.random.default_rng(1).normal(size=(6, 6))) + 3.0 * np.eye(6)
    return Dense(jnp.asarray(lower), (1, 2, 3))


def ensemble():
    members = np.random.default_rng(2).normal(size=(5, 2, 3, 4))
    return Ensemble(jnp.asarray(members - members.mean(0)))


def zonal():
    samples = smooth_fields(sigma_layout().grid, 40, 2)[:, :, 2:5, ::2]
    return estimate_zonal_blocks(samples, np.array([-20.0, 0.0, 20.0]), localization_radius_km=9e3)


def spherical():
    grid = sigma_layout().grid
    return estimate_spherical_blocks(smooth_fields(grid, 40, 2), SphericalTransform(grid))


def balanced():
    return balanced_covariance()


def rich():
    """Balanced control variables of a layout as a reanalysis has it."""
    layout = pressure_layout(names="zqtuv", surface=NEAR_SURFACE, levels=(500.0, 850.0))
    scale = np.linspace(0.5, 2.0, layout.shape[0]).astype(np.float32)
    with jax.enable_x64(False):
        return estimate_balanced(smooth_fields(layout.grid, 60, layout.shape[0]), scale, layout)


def localised():
    samples = smooth_fields(sigma_layout().grid, 12, 2)[:, :, 2:5, ::4]
    samples = np.transpose(samples - samples.mean(axis=0), (2, 3, 1, 0))
    return LocalizedSamples(jnp.asarray(samples), jnp.asarray(np.random.default_rng(4).normal(size=(3, 4, 5))))


def taper():
    grid = sigma_layout().grid
    return horizontal_taper(np.asarray(grid.latitude), np.asarray(grid.longitude), 6e3)


def localised_ensemble():
    layout = sigma_layout()
    members = smooth_fields(layout.grid, 4, layout.shape[0])
    rho = model_space_taper(layout, horizontal_km=6e3, vertical_lnp=1.0)
    return LocalizedEnsemble(jnp.asarray(members - members.mean(axis=0)), rho)


def localised_ensemble_through_a_window():
    layout = sigma_layout(names="u")
    members = smooth_fields(layout.grid, 9, layout.shape[0]).reshape(3, 3, *layout.shape)
    rho = model_space_taper(layout, horizontal_km=6e3)
    return LocalizedEnsemble(jnp.asarray(members - members.mean(axis=0)), rho)


def hybrid():
    climatological = zonal()
    members = np.random.default_rng(3).normal(size=(4, *climatological.sd.shape))
    return Sum((Scaled(climatological, jnp.asarray(0.7)), Ensemble(jnp.asarray(members))))


def scaled():
    return 2.5 * spherical()


BUILDERS = (
    diagonal,
    dense,
    ensemble,
    zonal,
    spherical,
    balanced,
    rich,
    localised,
    taper,
    localised_ensemble,
    localised_ensemble_through_a_window,
    hybrid,
    scaled,
)

root = eqx.filter_jit(lambda B, v: B.root(v))
adjoint = eqx.filter_jit(lambda B, x: B.adjoint(x))
apply = eqx.filter_jit(lambda B, x: B.apply(x))

roots = eqx.filter_jit(lambda B, many: jax.vmap(B.root)(many))


@cache
def built(build):
    return double(build())


@pytest.fixture(params=BUILDERS, ids=lambda build: build.__name__)
def covariance(request):
    return built(request.param)


def draw(covariance, seed):
    """A white control vector and a white field."""
    rng = np.random.default_rng(seed)
    zero = covariance.zero_control()
    shape = jax.eval_shape(covariance.root, zero).shape
    control = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape)), zero)
    return control, jnp.asarray(rng.normal(size=shape))


def test_adjoint_is_the_transpose_of_the_root(covariance):
    control, field = draw(covariance, 0)
    left = inner(root(covariance, control), field)
    assert left == pytest.approx(inner(control, adjoint(covariance, field)), rel=1e-10)
    assert abs(left) > 1e-6


def test_root_is_linear(covariance):
    (v, field), (w, _) = draw(covariance, 1), draw(covariance, 2)
    assert field.dtype == jnp.float64
    mixed = root(covariance, jax.tree.map(lambda a, b: 2.0 * a - 3.0 * b, v, w))
    apart = 2.0 * root(covariance, v) - 3.0 * root(covariance, w)
    np.testing.assert_allclose(mixed, apart, atol=1e-12 * float(jnp.abs(apart).max()))


def test_operator_is_root_times_adjoint_symmetric_and_positive(covariance):
    x, y = draw(covariance, 3)[1], draw(covariance, 4)[1]
    Bx = apply(covariance, x)
    np.testing.assert_allclose(Bx, root(covariance, adjoint(covariance, x)), rtol=1e-12, atol=1e-14)
    assert inner(Bx, y) == pytest.approx(inner(x, apply(covariance, y)), rel=1e-8)
    control = adjoint(covariance, x)
    assert inner(x, Bx) == pytest.approx(inner(control, control), rel=1e-10)
    assert inner(x, Bx) > 0.0


def test_images_of_white_controls_have_the_operator_as_covariance(covariance):
    count = 2000
    rng = np.random.default_rng(5)
    zero = covariance.zero_control()
    white = jax.tree.map(lambda leaf: rng.normal(size=(count, *leaf.shape)), zero)
    draws = np.asarray(roots(covariance, white)).reshape(count, -1)
    shape = draw(covariance, 0)[1].shape
    sd = np.sqrt(np.mean(draws**2, axis=0))
    for i in rng.choice(draws.shape[1], 3, replace=False):
        unit = np.zeros(draws.shape[1])
        unit[i] = 1.0
        expected = np.asarray(apply(covariance, unit.reshape(shape))).reshape(-1)
        found = draws[:, i] @ draws / count
        # A sample covariance scatters by sqrt((1 + r^2) / count) of the product of the two sd.
        np.testing.assert_allclose((found - expected) / (sd * sd[i]), 0.0, atol=6.0 * np.sqrt(2.0 / count))


def test_a_sample_is_the_image_of_a_white_control():
    covariance, key = built(hybrid), jax.random.key(6)
    control = white_control(covariance, key)
    assert jax.tree.map(jnp.shape, control) == jax.tree.map(jnp.shape, covariance.zero_control())
    np.testing.assert_allclose(covariance.sample(key), root(covariance, control), rtol=1e-12)


def full():
    """A root that is not triangular, nor symmetric."""
    return Dense(jnp.asarray(np.random.default_rng(1).normal(size=(6, 6)) + 3.0 * np.eye(6)), (1, 2, 3))


def upper():
    return Dense(dense().matrix.T, (1, 2, 3))


@pytest.mark.parametrize("build", [diagonal, dense, full, upper])
def test_inverse_undoes_the_operator(build):
    covariance = built(build)
    field = draw(covariance, 7)[1]
    np.testing.assert_allclose(covariance.inverse(apply(covariance, field)), field, rtol=1e-10)
    np.testing.assert_allclose(apply(covariance, covariance.inverse(field)), field, rtol=1e-10)


@pytest.mark.parametrize("shape", [(6, 4), (6, 8)])
def test_a_root_that_is_not_square_has_no_inverse(shape):
    with pytest.raises(ValueError, match=f"root of {shape[0]} x {shape[1]} numbers is not square"):
        Dense(jnp.ones(shape), (1, 2, 3)).inverse(jnp.ones((1, 2, 3)))


@pytest.mark.parametrize("build", [diagonal, spherical])
def test_sums_and_multiples(build):
    B = built(build)
    C = Diagonal(jnp.full(draw(B, 0)[1].shape, 0.3))
    x = draw(B, 8)[1]
    np.testing.assert_allclose(apply(4.0 * B, x), 4.0 * apply(B, x), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(apply(B + C, x), apply(B, x) + apply(C, x), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(apply(B + B, x), apply(2.0 * B, x), rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(apply(0.0 * B, x), 0.0)


def test_ensemble_is_the_sample_covariance():
    covariance = built(ensemble)
    flat = np.asarray(covariance.perturbations).reshape(5, -1)
    x = draw(covariance, 9)[1]
    np.testing.assert_allclose(apply(covariance, x).reshape(-1), np.cov(flat.T) @ x.reshape(-1), rtol=1e-10)


def test_zero_control_is_the_mean_of_the_prior(covariance):
    zero = covariance.zero_control()
    assert inner(zero, zero) == 0.0
    np.testing.assert_array_equal(root(covariance, zero), 0.0)
