"""What conjugate gradients have learnt is true, stays positive, and saves work the next time."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import GaussNewton
from latentda.assimilation.variational.preconditioner import Preconditioner
from tests.assimilation.variational.test_gauss_newton import Squares, minimise
from tests.worlds import operations

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


def updated(matrix, direction, product):
    """The update of the equation, with matrices."""
    curvature = direction @ product
    left = np.eye(len(matrix)) - np.outer(direction, product) / curvature
    return left @ matrix @ left.T + np.outer(direction, direction) / curvature


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 11])
def test_the_pairs_learnt_last_are_kept_in_their_order(count):
    """More pairs than there is room for, one of them without curvature: as if none but the last had been learnt."""
    memory, rng, known = 4, np.random.default_rng(3), Preconditioner.identity(4, 6, jnp.float64)
    pairs = [(s, s + 0.2 * rng.normal(size=6)) for s in rng.normal(size=(count, 6)) + 2.0]
    for number, (direction, product) in enumerate(pairs):
        known = known.learnt(direction, product)
        if number == 2:
            known = known.learnt(direction, -product)
    matrix = np.eye(6)
    for direction, product in pairs[-memory:]:
        matrix = updated(matrix, direction, product)
    np.testing.assert_allclose(jax.vmap(known)(jnp.eye(6)), matrix, rtol=1e-9, atol=1e-9)


def test_pairs_written_newest_first_say_what_they_said():
    """So they lie in files that know no ring."""
    known = Preconditioner.identity(3, 6, jnp.float64)
    for number in range(4):
        known = known.learnt(jnp.eye(6)[number] + 0.1, jnp.eye(6)[number] * 2.0 + 0.1)
    order = (np.arange(3) + int(known.newest)) % 3
    listed = Preconditioner(known.direction[order], known.product[order])
    np.testing.assert_array_equal(listed(jnp.arange(6.0)), known(jnp.arange(6.0)))


def arrays_of(minimiser, **settings):
    """(operation, shape) of everything that a minimisation makes."""
    run = lambda start: minimiser.minimise(PROBLEM, start, **settings).cost  # noqa: E731
    return list(operations(jax.make_jaxpr(run)(jnp.zeros(SIZE)).jaxpr))


@pytest.mark.parametrize(
    ("loops", "hand_on", "needed"), [(1, False, False), (1, True, True), (2, False, True), (2, True, True)]
)
def test_memory_is_there_where_something_reads_it(loops, hand_on, needed):
    made = arrays_of(GaussNewton(outer_loops=loops, memory=17), hand_on=hand_on)
    assert ((17, SIZE) in [shape for _, shape in made]) == needed


def test_no_iteration_copies_the_whole_memory():
    made = arrays_of(GaussNewton(outer_loops=2, memory=17))
    whole = {name for name, shape in made if shape == (17, SIZE)}
    assert whole.isdisjoint({"concatenate", "select_n", "pad", "add", "mul"})
