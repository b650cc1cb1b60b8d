import jax
import jax.numpy as jnp
import numpy as np

from latentda.experiments.augmented.setup import ObservingNetwork, draw
from latentda.experiments.augmented.system import benchmark_system, nature_run, write_system


def test_the_inverse_undoes_the_lift(system, key):
    z = nature_run(system, key, 2, 20)[:, -1]
    np.testing.assert_allclose(jax.vmap(system.lower)(jax.vmap(system.lift)(z)), z, rtol=1e-4, atol=1e-4)


def test_the_columns_are_orthonormal_and_the_numbers_have_unit_variance(system, key):
    np.testing.assert_allclose(system.W.T @ system.W, jnp.eye(6), atol=1e-6)
    x = jax.vmap(system.lift)(nature_run(system, key, 200, 50).reshape(-1, 6))
    np.testing.assert_allclose(x.std(axis=0), 1.0, atol=0.15)


def test_a_step_of_the_lifted_system_is_the_lift_of_a_step(system, key):
    z = nature_run(system, key, 1, 2)[0]
    np.testing.assert_allclose(system.inner_step(z[0]), z[1], rtol=1e-5)
    np.testing.assert_allclose(system.step(system.lift(z[0])), system.lift(z[1]), rtol=1e-3, atol=1e-3)


def test_noise_of_the_truth_is_that_of_every_step(system, key):
    z = nature_run(system, key, 40, 50, noise=0.1)
    errors = z[:, 1:] - jax.vmap(jax.vmap(system.inner_step))(z[:, :-1])
    np.testing.assert_allclose(np.cov(errors.reshape(-1, 6).T), 0.01 * np.eye(6), atol=0.001)


def test_what_filters_are_given(twin, system):
    network = ObservingNetwork(4, 2)
    given = draw(twin, network, 0.0, (3, 4), 5)
    assert given.members.shape == (2, 5, 6)
    assert given.truth.shape == (2, 8, 24)
    assert given.observed.shape == (2, 8, 6)
    z = jax.vmap(system.lower)(given.truth[0])
    two_steps = jax.vmap(lambda now: system.inner_step(system.inner_step(now)))(z[:-1])
    np.testing.assert_allclose(two_steps, z[1:], rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose((given.observed - given.truth[:, :, ::4]).std(), twin.error, rtol=0.3)


def test_a_seed_is_the_same_in_company(twin, system):
    network = ObservingNetwork()
    alone, company = (draw(twin, network, 0.1, seeds, 3) for seeds in ((4,), (3, 4)))
    np.testing.assert_allclose(company.truth[1], alone.truth[0], rtol=1e-3, atol=1e-3)


def test_the_system_of_the_benchmark_is_that_of_its_file(tmp_path):
    system = benchmark_system()
    assert system.W.shape == (400, 40)
    np.testing.assert_allclose(system.W.T @ system.W, jnp.eye(40), atol=1e-6)
    write_system(system, tmp_path)
    assert (tmp_path / "system.safetensors").stat().st_size < 70_000
