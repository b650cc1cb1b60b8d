import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation.ensemble import inverse_root
from latentda.assimilation.ensemble.roots import identity_plus

SIZE = 7


def matrices(largest, dtype):
    """I + G of six G with eigenvalues from 0 to the largest, of full rank and of rank 2."""
    rng = np.random.default_rng(0)
    made = []
    for rank in (2, 2, 2, SIZE - 1, SIZE - 1, SIZE - 1):
        basis = np.linalg.qr(rng.normal(size=(SIZE, rank)))[0]
        made.append(basis * largest * np.geomspace(1.0, 1e-4, rank) @ basis.T)
    return jnp.asarray(made, dtype)


def by_eigenvectors(matrix):
    values, vectors = np.linalg.eigh(np.asarray(matrix, np.float64))
    return (vectors / np.sqrt(values)[..., None, :]) @ np.swapaxes(vectors, -1, -2)


roots = jax.jit(jax.vmap(lambda gram: inverse_root(identity_plus(gram))))


@pytest.mark.parametrize("largest", [0.0, 1e-8, 1.0, 1e3, 1e5])
def test_it_is_the_root_of_the_eigenvalues(largest, float64):
    gram = matrices(largest, np.float64)
    np.testing.assert_allclose(roots(gram), by_eigenvectors(np.eye(SIZE) + gram), atol=1e-10)


@pytest.mark.parametrize(("largest", "atol"), [(1.0, 1e-6), (1e3, 1e-4), (1e5, 1e-2)])
def test_single_precision_errs_by_the_rounding_of_the_largest(largest, atol):
    gram = matrices(largest, np.float32)
    np.testing.assert_allclose(roots(gram), by_eigenvectors(np.eye(SIZE) + gram), atol=atol)


@pytest.mark.parametrize("largest", [1e7, 1e9])
def test_what_rounding_hides_stays_finite_and_shrinks(largest):
    found = np.asarray(roots(matrices(largest, np.float32)))
    assert np.isfinite(found).all()
    assert (np.abs(np.linalg.eigvalsh(found)) < 1.01).all()


def test_the_identity_is_its_own_root():
    np.testing.assert_array_equal(inverse_root(jnp.eye(SIZE)), np.eye(SIZE))


def test_what_is_not_finite_ends_and_is_told():
    assert np.isnan(inverse_root(identity_plus(jnp.full((2, 2), 1e30)))).all()
    assert np.isnan(inverse_root(jnp.full((2, 2), jnp.nan))).all()
