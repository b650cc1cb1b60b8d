import numpy as np
import pytest

from latentda.grid import gaussian_grid, lat_lon_grid, meridian_quadrature
from latentda.operators.legendre import legendre_functions

POLES = meridian_quadrature(lat_lon_grid(9, 16, poles=True))


def test_first_functions_by_hand():
    plain, over = legendre_functions(POLES, 2)
    x, cosine = POLES.sine, POLES.cosine
    np.testing.assert_allclose(plain[0, :, 0], np.sqrt(1 / 2), atol=1e-15)
    np.testing.assert_allclose(plain[0, :, 2], np.sqrt(5 / 8) * (3 * x**2 - 1), atol=1e-15)
    np.testing.assert_allclose(plain[1, :, 1], -np.sqrt(3 / 4) * cosine, atol=1e-15)
    np.testing.assert_allclose(over[1, :, 2], -np.sqrt(15 / 4) * x, atol=1e-15)
    np.testing.assert_allclose(over[2, :, 2], np.sqrt(15 / 16) * cosine, atol=1e-15)
    assert (over[0, [0, -1]] == 0.0).all()


def test_they_are_orthonormal():
    rows = meridian_quadrature(gaussian_grid(8, 16))
    for m, functions in enumerate(legendre_functions(rows, 6)[0]):
        product = np.einsum("j,jn,jk->nk", rows.weights, functions, functions)
        np.testing.assert_allclose(product, np.diag(np.arange(8) >= m), atol=1e-14)


def test_addition_theorem_at_high_wavenumbers():
    """The sum of squares over m does not depend on the place."""
    n = np.arange(801)
    plain, _ = legendre_functions(meridian_quadrature(gaussian_grid(6, 12)), 800)
    total = 2.0 * (plain[..., :-1] ** 2).sum(0) - plain[0, :, :-1] ** 2
    np.testing.assert_allclose(total, np.tile(n + 0.5, (6, 1)), rtol=1e-10)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_in_the_precision_that_is_asked_for(kind):
    assert {function.dtype for function in legendre_functions(POLES, 3, kind)} == {np.dtype(kind)}
