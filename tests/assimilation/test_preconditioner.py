"""What conjugate gradients have learnt is true, stays positive, and saves work the next time."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import GaussNewton
from latentda.assimilation.preconditioner import Preconditioner
from tests.assimilation.test_gauss_newton import Squares, minimise

pytestmark = pytest.mark.usefixtures("float64")

SIZE = 30
SCALES = np.sqrt(np.append(np.geomspace(400.0, 2.0, 10), np.ones(SIZE - 10)))
ROTATION = np.linalg.qr(np.random.default_rng(0).normal(size=(SIZE, SIZE)))[0]
HESSIAN = (ROTATION * SCALES**2) @ ROTATION.T
GOAL = np.random.default_rng(1).normal(size=SIZE)
PROBLEM = Squares(lambda v: SCALES * (ROTATION.T @ (v - GOAL)))
warm = eqx.filter_jit(lambda minimiser, cost, start, known: minimiser.minimise(cost, start, known))
learning = eqx.filter_jit(lambda minimiser, cost, start: minimiser.minimise(cost, start, hand_on=True))


def learnt():
    return learning(GaussNewton(tolerance=1e-8), PROBLEM, jnp.zeros(SIZE))


def test_nothing_learnt_is_the_identity():
    vector = jnp.arange(5.0)
    np.testing.assert_array_equal(Preconditioner.identity(3, 5, jnp.float64)(vector), vector)


def test_it_inverts_the_hessian_on_what_was_seen():
    known = learnt().preconditioner
    for direction, product in zip(known.direction, known.product, strict=True):
        np.testing.assert_allclose(known(product), direction, atol=1e-7)
        np.testing.assert_allclose(HESSIAN @ direction, product, atol=1e-8)


def test_it_is_symmetric_and_positive():
    known = learnt().preconditioner
    matrix = np.asarray(jax.vmap(known)(jnp.eye(SIZE)))
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-8)
    assert np.linalg.eigvalsh(matrix).min() > 0.0


def test_a_pair_without_curvature_is_not_taken():
    known = Preconditioner.identity(2, 3, jnp.float64).learnt(jnp.ones(3), -jnp.ones(3))
    assert not known.direction.any()


def test_the_same_problem_is_solved_at_once_with_it():
    first = learnt()
    second = warm(GaussNewton(tolerance=1e-6), PROBLEM, jnp.zeros(SIZE), first.preconditioner)
    np.testing.assert_allclose(second.control, GOAL, atol=1e-5)
    assert int(first.iterations) >= 10
    assert int(second.iterations) <= 2


def test_a_similar_problem_needs_fewer_iterations_and_ends_in_the_same_place():
    other = Squares(lambda v: 1.1 * SCALES * (ROTATION.T @ (v + GOAL)))
    cold = minimise(GaussNewton(tolerance=1e-8), other, jnp.zeros(SIZE))
    eased = warm(GaussNewton(tolerance=1e-8), other, jnp.zeros(SIZE), learnt().preconditioner)
    np.testing.assert_allclose(eased.control, cold.control, atol=1e-6)
    assert int(eased.iterations) <= int(cold.iterations) // 2


def test_outer_loops_pass_on_what_they_learn():
    curved = Squares(lambda v: SCALES * (ROTATION.T @ (v + 0.01 * v**2 - GOAL)))
    kept, lost = (
        minimise(GaussNewton(iterations=20, outer_loops=4, tolerance=1e-9, memory=m), curved, jnp.zeros(SIZE))
        for m in (40, 1)
    )
    assert float(curved(kept.control)) < 0.5 * float(curved(lost.control))
