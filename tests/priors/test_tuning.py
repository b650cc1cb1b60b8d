import numpy as np
import pytest

from latentda.priors import innovation_factor

COUNT = 20_000


def statistics(size=1.0, seed=0):
    """Innovations of two variables of very different units, of background errors ``size`` times too large."""
    rng = np.random.default_rng(seed)
    s_o = np.where(np.arange(COUNT) % 2, 1.0, 100.0) * rng.uniform(0.5, 1.5, COUNT)
    s_b = np.where(np.arange(COUNT) % 2, 1.5, 80.0) * rng.uniform(0.5, 1.5, COUNT)
    d = s_o * rng.normal(size=COUNT) + size * s_b * rng.normal(size=COUNT)
    return d, s_o, s_b


@pytest.mark.parametrize(("size", "factor"), [(1.0, 1.0), (2.0, 4.0), (0.5, 0.25)])
def test_the_factor_is_the_ratio_of_variances(size, factor):
    d, s_o, s_b = statistics(size)
    weight = 1.0 / (s_o**2 + s_b**2)
    scatter = np.sqrt(2.0 * np.sum((weight * (s_o**2 + factor * s_b**2)) ** 2)) / np.sum(weight * s_b**2)
    assert innovation_factor(d, s_o, s_b) == pytest.approx(factor, abs=4.0 * scatter)


def test_units_do_not_matter():
    d, s_o, s_b = statistics()
    units = np.where(np.arange(COUNT) % 2, 1.0, 1e-3)
    assert innovation_factor(d * units, s_o * units, s_b * units) == pytest.approx(innovation_factor(d, s_o, s_b))


def test_data_without_an_equivalent_do_not_count():
    d, s_o, s_b = statistics()
    expected = innovation_factor(d[100:], s_o[100:], s_b[100:])
    d[:50] = np.nan
    s_b[50:100] = 0.0
    assert innovation_factor(d, s_o, s_b) == pytest.approx(expected)


def test_errors_of_any_size_and_none_leave_a_factor():
    d, s_o, s_b = (part.astype(np.float32) for part in statistics())
    expected = innovation_factor(d[2:], s_o[2:], s_b[2:])
    s_o[:2] = 1e20, np.nan
    assert innovation_factor(d, s_o, s_b) == pytest.approx(expected, rel=1e-3)


def test_the_factor_stays_positive():
    assert innovation_factor(np.zeros(5), np.ones(5), np.ones(5)) == 0.01


def test_nothing_to_tune_with_is_refused():
    with pytest.raises(ValueError, match="No observation has a model equivalent"):
        innovation_factor(np.full(3, np.nan), np.ones(3), np.ones(3))
