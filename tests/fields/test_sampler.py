import numpy as np
import pytest

from latentda.fields import (
    FieldsError,
    StateWriter,
    StoreSampler,
    fit_standardizer,
    unit_standardizer,
)
from latentda.grid import (
    PressureLevels,
    build_layout,
    gaussian_grid,
    hour_sequence,
    hours_since_1970,
)

LAYOUT = build_layout(gaussian_grid(4, 6), PressureLevels((500.0,)), {"t": (500.0,)}, ("sp",))
COUNT = 40


@pytest.fixture(scope="module")
def states():
    draws = np.random.default_rng(0).normal(size=(COUNT, *LAYOUT.shape))
    scale, mean = np.array([5.0, 900.0]), np.array([270.0, 1e5])
    return (mean[:, None, None] + scale[:, None, None] * draws).astype(np.float32)


@pytest.fixture(scope="module")
def store(states, tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "a.zarr"
    writer = StateWriter(path, LAYOUT, compact=False)
    writer.append(states, hour_sequence("2000-01-01", COUNT, 6))
    return path


def gathered(sampler, length=16):
    parts = list(sampler.pieces(length))
    return np.concatenate([h for h, _ in parts]), np.concatenate([s for _, s in parts])


@pytest.mark.parametrize("length", [1, 16, 100])
def test_pieces_make_the_whole(store, states, length):
    hours, found = gathered(StoreSampler(store, LAYOUT), length)
    np.testing.assert_array_equal(found, states)
    first = int(hours_since_1970("2000-01-01"))
    np.testing.assert_array_equal(hours, first + 6 * np.arange(COUNT))


def test_a_period_with_a_stride(store, states):
    sampler = StoreSampler(store, LAYOUT, "2000-01-02", "2000-01-04", stride=3)
    hours, found = gathered(sampler)
    np.testing.assert_array_equal(found, states[[4, 7, 10]])
    assert hours[0] == hours_since_1970("2000-01-02")


def test_some_variables_only(store, states):
    layout = LAYOUT.select(["sp"])
    _, found = gathered(StoreSampler(store, layout))
    np.testing.assert_array_equal(found, states[:, 1:])


def test_an_empty_period_is_named(store):
    with pytest.raises(FieldsError, match="holds no state between 2010-01-01 and None"):
        StoreSampler(store, LAYOUT, "2010-01-01").open()


def test_anomalies_are_those_of_the_standardizer(store, states):
    sampler = StoreSampler(store, LAYOUT)
    standardizer = fit_standardizer(sampler.pieces, LAYOUT, annual=0, diurnal=1)
    found = sampler.anomalies(standardizer, np.float32)
    hours, _ = gathered(sampler)
    expected = [standardizer.to_anomaly(s, int(h)) for h, s in zip(hours, states, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    half = sampler.anomalies(standardizer)
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, found, rtol=2.0**-11, atol=1e-6)


def test_the_unit_standardizer_leaves_the_states(store, states):
    found = StoreSampler(store, LAYOUT).anomalies(unit_standardizer(LAYOUT), np.float32)
    np.testing.assert_array_equal(found, states)
