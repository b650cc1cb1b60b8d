"""What every analysis of an ensemble must obey."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation.ensemble import ETKF, LETKF, EnKF, EnsembleFilter, periodic_taper
from tests.assimilation.ensemble.conftest import POINTS, departures_of, members_of

pytestmark = pytest.mark.usefixtures("float64")

KEY = jax.random.key(3)
HERE = {"etkf": ETKF, "enkf": EnKF, "letkf": lambda: LETKF(jnp.asarray(periodic_taper(POINTS, 3.0)))}


@pytest.fixture(params=HERE)
def analysis(request):
    return HERE[request.param]()


analyse = eqx.filter_jit(lambda analysis, members, departures: analysis(members, departures, KEY))


@pytest.mark.parametrize("index", [range(POINTS), (2, 5)], ids=["all points", "fewer data than members"])
def test_it_comes_nearer_to_the_data_and_is_surer(analysis, index):
    x = members_of()
    analysed = analyse(analysis, x, departures_of(x, index))
    before, after = departures_of(x, index).mean(axis=0), departures_of(analysed, index).mean(axis=0)
    assert after @ after < 0.5 * before @ before
    assert analysed.var(axis=0).sum() < x.var(axis=0).sum()


def test_without_data_the_background_stays(analysis):
    x = members_of()
    np.testing.assert_allclose(analyse(analysis, x, jnp.zeros((len(x), POINTS))), x, atol=1e-12)
    nowhere = LETKF(jnp.ones((POINTS, 0))) if isinstance(analysis, LETKF) else analysis
    np.testing.assert_allclose(analyse(nowhere, x, jnp.zeros((len(x), 0))), x, atol=1e-12)


def test_members_without_spread_stay(analysis):
    x = jnp.broadcast_to(members_of()[:1], members_of().shape)
    np.testing.assert_allclose(analyse(analysis, x, departures_of(x)), x, atol=1e-12)


def test_an_ensemble_of_one_stays(analysis):
    x = members_of(1)
    np.testing.assert_allclose(analyse(analysis, x, departures_of(x)), x, atol=1e-12)


def test_data_of_great_error_say_nothing(analysis):
    x = members_of()
    np.testing.assert_allclose(analyse(analysis, x, departures_of(x, error=1e8)), x, atol=1e-6)


def test_the_order_of_the_data_does_not_matter_to_the_mean(analysis):
    x = members_of()
    d = departures_of(x)
    order = np.random.default_rng(0).permutation(POINTS)
    turned = LETKF(analysis.taper[:, order]) if isinstance(analysis, LETKF) else analysis
    means = [analyse(analysis, x, d).mean(axis=0), analyse(turned, x, d[:, order]).mean(axis=0)]
    np.testing.assert_allclose(*means, atol=1e-12)


def test_padding_does_not_matter_to_the_mean(analysis):
    x = members_of()
    d = departures_of(x)
    wider = LETKF(jnp.pad(analysis.taper, ((0, 0), (0, 3)))) if isinstance(analysis, LETKF) else analysis
    means = [analyse(analysis, x, d).mean(axis=0), analyse(wider, x, jnp.pad(d, ((0, 0), (0, 3)))).mean(axis=0)]
    np.testing.assert_allclose(*means, atol=1e-12)


def test_a_filter_of_nothing_else_is_its_analysis(analysis):
    x = members_of()
    d = departures_of(x)
    found, factor = EnsembleFilter(analysis)(x, d, KEY)
    np.testing.assert_allclose(found, analysis(x, d, jax.random.split(KEY)[0]), atol=1e-12)
    assert factor == 1.0


@pytest.mark.parametrize("analysis", [ETKF(), EnKF()], ids=["etkf", "enkf"])
def test_the_increment_of_a_global_analysis_lies_in_the_span_of_the_members(analysis):
    x = members_of()
    rest = np.asarray(x - x.mean(axis=0)).reshape(len(x), -1)
    increment = np.asarray(analyse(analysis, x, departures_of(x)) - x).reshape(len(x), -1)
    np.testing.assert_allclose(increment @ np.linalg.pinv(rest) @ rest, increment, atol=1e-12)
