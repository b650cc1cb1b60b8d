import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation.ensemble import (
    ETKF,
    AdaptiveInflation,
    EnsembleFilter,
    Multiplicative,
    RelaxationToPriorPerturbations,
    RelaxationToPriorSpread,
)
from tests.assimilation.ensemble.conftest import covariance, departures_of, members_of

pytestmark = pytest.mark.usefixtures("float64")

KEY = jax.random.key(0)
EVERY = (
    Multiplicative(1.3),
    RelaxationToPriorPerturbations(0.4),
    RelaxationToPriorSpread(0.4),
    AdaptiveInflation(0.3),
)


def pair():
    """Background, its departures, analysis."""
    x = members_of()
    return x, departures_of(x), ETKF()(x, departures_of(x))


def inflated(inflation):
    x, d, analysed = pair()
    return inflation(x, analysed, d, 1.0)[0]


@pytest.mark.parametrize("inflation", EVERY, ids=lambda one: type(one).__name__)
def test_the_mean_stays(inflation):
    _, _, analysed = pair()
    found = inflated(inflation)
    np.testing.assert_allclose(found.mean(axis=0), analysed.mean(axis=0), atol=1e-12)
    assert jnp.abs(found - analysed).max() > 0.01


@pytest.mark.parametrize("inflation", EVERY, ids=lambda one: type(one).__name__)
def test_members_without_spread_and_without_data_stay(inflation):
    x = jnp.broadcast_to(members_of()[:1], members_of().shape)
    for d in (jnp.zeros((len(x), 4)), departures_of(x)):
        found, factor = inflation(x, x, d, 1.0)
        np.testing.assert_allclose(found, x, atol=1e-12)
        assert factor == 1.0


@pytest.mark.parametrize(
    "inflation", [Multiplicative(1.0), RelaxationToPriorPerturbations(0.0), RelaxationToPriorSpread(0.0)]
)
def test_at_one_end_nothing_changes(inflation):
    np.testing.assert_allclose(inflated(inflation), pair()[2], atol=1e-12)


def test_a_factor_squared_multiplies_the_covariance():
    np.testing.assert_allclose(covariance(inflated(Multiplicative(1.3))), 1.69 * covariance(pair()[2]), rtol=1e-10)


def test_at_the_other_end_perturbations_are_those_of_the_background():
    x, _, analysed = pair()
    found = inflated(RelaxationToPriorPerturbations(1.0))
    np.testing.assert_allclose(found - analysed.mean(axis=0), x - x.mean(axis=0), atol=1e-12)


def test_at_the_other_end_the_spread_is_that_of_the_background_and_directions_those_of_the_analysis():
    x, _, analysed = pair()
    found = inflated(RelaxationToPriorSpread(1.0))
    np.testing.assert_allclose(found.std(axis=0), x.std(axis=0), atol=1e-12)
    ratio = (found - found.mean(axis=0)) / (analysed - analysed.mean(axis=0))
    np.testing.assert_allclose(ratio, jnp.broadcast_to(ratio[:1], ratio.shape), rtol=1e-9)


@pytest.mark.parametrize("truth", [0.5, 1.0, 2.0])
def test_the_adaptive_factor_finds_what_the_spread_lacks(truth):
    # Innovations of a background whose errors are larger than its members' spread by the truth, again and again.
    members, data, inflation = 20, 60, AdaptiveInflation(0.02)
    spread = jax.random.normal(jax.random.key(1), (members, data))
    spread = (spread - spread.mean(axis=0)) * jnp.sqrt(members / (members - 1.0))

    def cycle(factor, key):
        innovation = jnp.sqrt(1.0 + truth**2) * jax.random.normal(key, (data,))
        background = factor * spread
        _, factor = inflation(background, background, background + innovation, factor)
        return factor, factor

    _, factors = jax.lax.scan(cycle, jnp.asarray(1.0), jax.random.split(KEY, 400))
    assert factors[200:].mean() == pytest.approx(truth, rel=0.05)


def test_a_filter_hands_the_factor_on():
    x, d, analysed = pair()
    chosen = EnsembleFilter(ETKF(), AdaptiveInflation(0.3))
    _, once = chosen(x, d, KEY)
    found, twice = chosen(x, d, KEY, once)
    assert once != 1.0
    assert twice == pytest.approx(float(once) ** 2)
    np.testing.assert_allclose(covariance(found), float(twice) ** 2 * covariance(analysed), rtol=1e-9)
