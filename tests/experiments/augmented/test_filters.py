import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import ObservationTerm
from latentda.experiments.augmented.filters import FilterInSpace, IsotropicModelError, ModelError, etkf
from latentda.operators import GridPoints

NUMBERS, POINTS, ENOUGH, ERROR = 4, 9, 7, 0.5


class Linear(eqx.Module):
    matrix: jax.Array

    def __call__(self, z):
        return self.matrix @ z


@pytest.fixture
def drawn():
    draw = np.random.default_rng(3)
    M = np.eye(NUMBERS) + 0.3 * draw.normal(size=(NUMBERS, NUMBERS))
    return M, draw.normal(size=(POINTS, NUMBERS)), 0.3 * draw.normal(size=(NUMBERS, NUMBERS))


def kalman(mean, P, M, Q, H, y):
    mean, P = M @ mean, M @ P @ M.T + Q
    K = P @ H.T @ np.linalg.inv(H @ P @ H.T + ERROR**2 * np.eye(len(H)))
    return mean + K @ (y - H @ mean), P - K @ H @ P


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("interval", [1, 2])
@pytest.mark.parametrize("isotropic", [False, True])
def test_it_is_the_kalman_filter_of_a_linear_step_and_decoder(drawn, interval, isotropic):
    M, D, root = drawn
    error = IsotropicModelError(jnp.asarray(0.2)) if isotropic else ModelError(jnp.asarray(root), jnp.asarray(2.0))
    Q = 0.2 * np.eye(NUMBERS) if isotropic else 2.0 * root.T @ root
    step, decode = Linear(jnp.asarray(M)), Linear(jnp.asarray(D))
    chosen = FilterInSpace(lambda z: z, step, decode, error, etkf(jnp.asarray(1.0)))
    index = np.array([0, 3, 4, 8])
    z = jnp.asarray(np.random.default_rng(4).normal(size=(ENOUGH, NUMBERS)))
    mean, P = np.asarray(z.mean(axis=0)), np.cov(z.T)
    cycle = jax.jit(lambda z, term, key: chosen.cycle(z, term, interval, key)[1])
    for now in range(3):
        y = np.random.default_rng(now).normal(size=len(index))
        term = ObservationTerm(GridPoints(jnp.asarray(index)), jnp.asarray(y), jnp.full(4, ERROR), jnp.ones(4, bool))
        z = cycle(z, term, jax.random.key(now))
        for _ in range(interval - 1):
            mean, P = M @ mean, M @ P @ M.T + Q
        mean, P = kalman(mean, P, M, Q, D[index], y)
        np.testing.assert_allclose(z.mean(axis=0), mean, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(np.cov(z.T), P, rtol=1e-8, atol=1e-8)
