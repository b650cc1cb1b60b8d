import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.networks import IdentityCode
from latentda.operators import Diagonal
from latentda.priors import LatentPrior, ModelSpacePrior
from latentda.verification import tangent_error
from tests.worlds import compilations

SHAPE = (2, 4, 6)
ERROR = Diagonal(jnp.full(SHAPE, 0.5))
AREA = np.ones((4, 1))


class Cubic(eqx.Module):
    """D(z) = z + c z^3."""

    c: float
    latent_shape: tuple = SHAPE

    def encode(self, anomaly):
        return anomaly

    def decode(self, latent):
        return latent + self.c * latent**3


def test_a_linear_map_is_its_own_tangent():
    for prior in (ModelSpacePrior(ERROR), LatentPrior(IdentityCode(SHAPE), ERROR)):
        assert tangent_error(prior, jnp.zeros(SHAPE), AREA, (0.5, 4.0)).max() < 1e-5


def test_the_error_grows_with_the_square_of_a_cubic_s_increment():
    prior = LatentPrior(Cubic(1e-3), ERROR)
    small, large = tangent_error(prior, jnp.zeros(SHAPE), AREA, (0.5, 2.0))
    assert large / small == pytest.approx(16.0, rel=0.05)


def test_another_prior_of_the_same_shape_compiles_nothing():
    tangent_error(ModelSpacePrior(ERROR), jnp.zeros(SHAPE), AREA, (0.5,), draws=2)
    with compilations() as compiled:
        tangent_error(ModelSpacePrior(Diagonal(2.0 * ERROR.sd)), jnp.zeros(SHAPE), AREA, (0.5, 4.0), draws=2)
    assert [name for name in compiled if "multiply" not in str(name)] == []
