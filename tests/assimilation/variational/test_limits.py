"""What an analysis becomes where the answer is known without computing it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import Result
from latentda.operators import Diagonal
from latentda.priors import HybridPrior, LatentPrior, ModelSpacePrior
from tests.assimilation.variational.conftest import SHAPE, background_error, state_of, term_of, variational

pytestmark = pytest.mark.usefixtures("float64")


class Line(eqx.Module):
    """A linear code of the whole line in one token."""

    components: jax.Array

    @property
    def latent_shape(self):
        return self.components.shape[1], 1, 1

    def encode(self, anomaly):
        return (anomaly.reshape(-1) @ self.components).reshape(self.latent_shape)

    def decode(self, latent):
        return (self.components @ latent.reshape(-1)).reshape(SHAPE)


def lossy_code():
    """Three of eight degrees of freedom survive."""
    columns = np.linalg.qr(np.random.default_rng(3).normal(size=(8, 3)))[0]
    return Line(jnp.asarray(columns))


def priors():
    latent_error = Diagonal(jnp.ones((3, 1, 1)))
    return {
        "model space": ModelSpacePrior(background_error()),
        "latent increment": LatentPrior(lossy_code(), latent_error),
        "hybrid": HybridPrior((LatentPrior(lossy_code(), latent_error), ModelSpacePrior(0.1 * background_error()))),
        "latent published": LatentPrior(lossy_code(), latent_error, form="published"),
    }


NAMES = ("model space", "latent increment", "hybrid", "latent published")


@pytest.mark.parametrize("name", NAMES[:3])
def test_no_observation_leaves_the_background(name, background):
    found = variational(priors()[name]).solve(background, (term_of(index=()),), 0)
    np.testing.assert_allclose(found.state, background, atol=1e-14)
    assert found.result is Result.CONVERGED
    assert int(found.minimum.iterations) == 0
    assert float(found.minimum.cost[0]) == 0.0


def test_the_published_form_starts_from_the_reconstruction(background):
    code = lossy_code()
    found = variational(priors()["latent published"]).solve(background, (term_of(index=()),), 0)
    rebuilt = code.decode(code.encode(background))
    np.testing.assert_allclose(found.state, rebuilt, atol=1e-14)
    assert float(jnp.abs(rebuilt - background).max()) > 0.1


def test_perfect_observations_are_fitted(background):
    term = term_of(error=1e-4)
    found = variational().solve(background, (term,), 0)
    fit = found.state.reshape(-1)[term.operator.index[:3]] - term.value[:3]
    np.testing.assert_allclose(fit, 0.0, atol=1e-6)


def test_perfect_observations_of_everything_are_the_analysis(background):
    truth = state_of(9).reshape(-1)
    term = term_of(index=range(8), error=1e-3)
    term = type(term)(term.operator, truth, term.error, term.valid)
    found = variational().solve(background, (term,), 0)
    np.testing.assert_allclose(found.state.reshape(-1), truth, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_worthless_observations_change_nothing(name, background):
    method = variational(priors()[name])
    found = method.solve(background, (term_of(error=1e7),), 0)
    silent = method.solve(background, (term_of(index=()),), 0)
    np.testing.assert_allclose(found.state, silent.state, atol=1e-10)


def test_a_remainder_in_model_space_lets_a_lossy_code_fit_everything(background):
    truth = state_of(9).reshape(-1)
    term = term_of(index=range(8), error=1e-3)
    term = type(term)(term.operator, truth, term.error, term.valid)
    latent, hybrid = (variational(priors()[name]).solve(background, (term,), 0) for name in NAMES[1:3])
    assert float(jnp.abs(latent.state.reshape(-1) - truth).max()) > 0.1
    np.testing.assert_allclose(hybrid.state.reshape(-1), truth, atol=1e-3)


def test_a_perfect_background_is_kept(background):
    prior = ModelSpacePrior(1e-12 * background_error())
    found = variational(prior).solve(background, (term_of(),), 0)
    np.testing.assert_allclose(found.increment, 0.0, atol=1e-8)


def test_the_analysis_fits_better_and_costs_less(background):
    found = variational().solve(background, (term_of(),), 0)
    before, after = (np.sum(d[0] ** 2) for d in (found.observation_background, found.observation_analysis))
    assert after < before
    cost = np.asarray(found.minimum.cost)
    assert cost[0] == pytest.approx(0.5 * before)
    assert cost[-1] < cost[0]
    np.testing.assert_array_equal(found.state - found.background, found.increment)


@pytest.mark.parametrize("rubbish", [(np.nan, 1.0), (0.0, np.nan), (0.0, 0.0), (np.inf, -1.0)])
def test_rubbish_in_padding_does_not_count(background, rubbish):
    term = term_of()
    value, error = term.value.at[-1].set(rubbish[0]), term.error.at[-1].set(rubbish[1])
    found = variational().solve(background, (type(term)(term.operator, value, error, term.valid),), 0)
    expected = variational().solve(background, (term,), 0)
    assert found.result is Result.CONVERGED
    np.testing.assert_allclose(found.state, expected.state, atol=1e-12)
