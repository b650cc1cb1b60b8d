from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pytest

from latentda.fields import unit_standardizer
from latentda.grid import Layout, NoLevels, build_layout, lat_lon_grid
from latentda.networks import IdentityCode, LinearPatchCode
from latentda.priors import (
    encode_pairs,
    error_sizes,
    errors_from_pairs,
    forecast_pairs,
    member_pairs,
    unrepresented_errors,
)
from tests.worlds import compilations

LAYOUT = build_layout(lat_lon_grid(2, 4), NoLevels(), {}, ("sp",))


@dataclass(frozen=True)
class Drift:
    """A model whose error grows by one a day: x(t + lead) = x(t) + lead / 24."""

    layout: Layout = LAYOUT
    step_hours: int = 6

    def propagate(self, state, start_hours, lead_hours):
        return jnp.stack([state + lead / 24.0 for lead in lead_hours])

    def propagate_members(self, states, start_hours, lead_hours):
        return jnp.stack([self.propagate(s, start_hours, lead_hours) for s in states])


@dataclass(frozen=True)
class Clock:
    """Anomalies from the hour itself, and a note of the hours asked for."""

    asked: list

    def to_anomaly(self, state, hours):
        self.asked.append(int(hours))
        return state - hours


def starts(step, count):
    for k in range(count):
        # The analysis of an hour is the hour: pairs of other times would be far apart.
        yield step * k, np.full(LAYOUT.shape, float(step * k), np.float32)


@pytest.mark.parametrize(
    ("step", "count", "short", "long", "pairs"),
    [(24, 4, 24, 48, 3), (12, 6, 24, 48, 4), (6, 3, 6, 12, 2), (24, 4, 6, 12, 0), (24, 1, 24, 48, 0)],
)
def test_pairs_are_valid_at_one_time(step, count, short, long, pairs):
    model, unit = Drift(), unit_standardizer(LAYOUT)
    found = list(forecast_pairs(model, unit, starts(step, count), short=short, long=long))
    assert len(found) == pairs
    for k, (at_short, at_long) in enumerate(found):
        valid = step * k + long
        np.testing.assert_allclose(at_short, valid - short + short / 24.0)
        np.testing.assert_allclose(at_long, valid - long + long / 24.0)


def test_anomalies_are_taken_at_the_valid_time():
    clock = Clock([])
    found = list(forecast_pairs(Drift(), clock, starts(24, 3)))
    assert sorted(clock.asked) == [48, 48, 72, 72, 96]
    for at_short, at_long in found:
        np.testing.assert_allclose(at_short, -24.0 + 1.0)
        np.testing.assert_allclose(at_long, -48.0 + 2.0)


@pytest.fixture
def pairs():
    return np.random.default_rng(0).normal(1.0, 1.0, (9, 2, 1, 4, 4)).astype(np.float16)


def test_errors_are_long_minus_short_without_their_mean(pairs):
    found = errors_from_pairs(pairs)
    expected = pairs[:, 1].astype(np.float32) - pairs[:, 0]
    np.testing.assert_allclose(found, expected - expected.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=1e-6)
    assert found.dtype == np.float32


def test_the_identity_code_changes_nothing(pairs):
    found = errors_from_pairs(encode_pairs(pairs, IdentityCode(pairs.shape[2:])))
    np.testing.assert_allclose(found, errors_from_pairs(pairs), atol=1e-6)


def test_a_linear_code_takes_the_errors_along(pairs):
    columns = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 3)))[0].astype(np.float32)
    code = LinearPatchCode(jnp.asarray(columns), jnp.full(3, 0.5), 2, pairs.shape[2:])
    found = errors_from_pairs(encode_pairs(pairs, code))
    assert found.shape == (9, 3, 2, 2)
    expected = [code.encode(error) for error in errors_from_pairs(pairs)]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_a_code_carries_and_what_it_leaves_make_the_error(pairs):
    identity = IdentityCode(pairs.shape[2:])
    assert np.abs(unrepresented_errors(pairs, encode_pairs(pairs, identity), identity)).max() < 1e-6
    columns = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 3)))[0].astype(np.float32)
    code = LinearPatchCode(jnp.asarray(columns), jnp.full(3, 0.5), 2, pairs.shape[2:])
    left = unrepresented_errors(pairs, encode_pairs(pairs, code), code)
    carried = np.stack([code.decode(code.encode(error)) for error in errors_from_pairs(pairs)])
    np.testing.assert_allclose(left + carried, errors_from_pairs(pairs), atol=1e-5)
    # An orthonormal code leaves what is orthogonal to all that it carries.
    assert np.abs(np.stack([code.encode(error) for error in left])).max() < 1e-5


def test_one_pair_says_nothing(pairs):
    with pytest.raises(ValueError, match="at least two pairs of forecasts; got 1"):
        errors_from_pairs(pairs[:1])


def test_another_code_of_the_same_shape_compiles_nothing():
    pairs = np.random.default_rng(0).normal(size=(3, 2, 1, 2, 4)).astype(np.float32)
    codes = [LinearPatchCode(factor * jnp.eye(4)[:, :2], jnp.ones(2), 2, (1, 2, 4)) for factor in (1.0, 0.5)]
    for code in codes[:1]:
        unrepresented_errors(pairs, encode_pairs(pairs, code), code)
    with compilations() as compiled:
        encoded = encode_pairs(pairs, codes[1])
        unrepresented_errors(pairs, encoded, codes[1])
    assert compiled == []
    assert np.abs(encoded).max() > 0.0


def test_differences_of_members_have_the_variance_of_the_ensemble():
    members = np.random.default_rng(0).normal(size=(5, 2, 3, 4)).astype(np.float32)
    found = errors_from_pairs(np.stack([np.stack(pair) for pair in member_pairs(members)]))
    np.testing.assert_allclose(np.mean(found**2, axis=0), members.var(axis=0, ddof=1), rtol=1e-5)
    np.testing.assert_allclose(found.sum(axis=0), 0.0, atol=1e-5)


def test_one_member_has_no_spread():
    with pytest.raises(ValueError, match="at least two members; got 1"):
        list(member_pairs(np.zeros((1, 2, 3, 4), np.float32)))


def test_sizes_of_errors_are_means_over_the_area():
    errors = np.zeros((50, 2, 2, 4), np.float32)
    errors[:25, 0, 0], errors[:25, 1] = 2.0, 3.0
    weights = np.repeat([[3.0], [1.0]], 4, axis=1)
    np.testing.assert_allclose(error_sizes(errors, weights), [np.sqrt(0.5 * 4.0 * 0.75), np.sqrt(0.5 * 9.0)])
