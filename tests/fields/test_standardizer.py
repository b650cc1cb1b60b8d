import numpy as np
import pytest

from latentda.fields import (
    fit_standardizer,
    read_standardizer,
    unit_standardizer,
    write_standardizer,
)
from latentda.grid import PressureLevels, build_layout, gaussian_grid, hours_since_1970

LAYOUT = build_layout(gaussian_grid(4, 6), PressureLevels((500.0,)), {"t": (500.0,)}, ("sp",))
MEAN = np.array([270.0, 1e5])[:, None, None]
SCALE = np.array([5.0, 900.0])
HOURS = int(hours_since_1970("2001-01-01")) + np.arange(0, 24 * 400, 30)


def states(seed=0):
    rng = np.random.default_rng(seed)
    season = np.cos(2 * np.pi * HOURS / 8765.82)[:, None, None, None]
    noise = rng.normal(size=(len(HOURS), *LAYOUT.shape))
    return (MEAN + SCALE[:, None, None] * (2.0 * season + noise)).astype(np.float32)


def pieces():
    every = states()
    for i in range(0, len(HOURS), 64):
        yield HOURS[i : i + 64], every[i : i + 64]


@pytest.fixture(scope="module")
def fitted():
    return fit_standardizer(pieces, LAYOUT, annual=1, diurnal=1)


def test_scales_are_those_of_the_anomalies(fitted):
    # The season belongs to the climatology; noise of unit size in units of SCALE is left.
    np.testing.assert_allclose(fitted.scale, SCALE, rtol=0.03)


def test_anomalies_are_centred_and_of_unit_size(fitted):
    anomalies = np.stack([fitted.to_anomaly(s, int(h)) for h, s in zip(HOURS, states(), strict=True)])
    weights = LAYOUT.grid.area_weights
    np.testing.assert_allclose(np.mean(anomalies**2 * weights, axis=(0, 2, 3)), 1.0, rtol=1e-3)
    np.testing.assert_allclose(anomalies.mean(axis=0), 0.0, atol=1e-2)


@pytest.mark.parametrize("leading", [(), (3,)])
def test_there_and_back(fitted, leading):
    rng = np.random.default_rng(2)
    anomaly = rng.normal(size=(*leading, *LAYOUT.shape)).astype(np.float32)
    state = fitted.to_physical(anomaly, int(HOURS[7]))
    assert state.shape == anomaly.shape
    np.testing.assert_allclose(fitted.to_anomaly(state, int(HOURS[7])), anomaly, atol=1e-4)


def test_unit_standardizer_is_the_identity():
    state = states()[0]
    unit = unit_standardizer(LAYOUT)
    np.testing.assert_array_equal(unit.to_anomaly(state, 5), state)
    np.testing.assert_array_equal(unit.to_physical(state, np.int32(5)), state)


def test_what_is_written_is_read(fitted, tmp_path):
    write_standardizer(fitted, tmp_path / "scales.safetensors")
    found = read_standardizer(tmp_path / "scales.safetensors")
    assert found.layout == LAYOUT
    assert (found.climatology.annual, found.climatology.diurnal) == (1, 1)
    np.testing.assert_array_equal(found.scale, fitted.scale)
    stored, kept = found.climatology.coefficients, fitted.climatology.coefficients
    np.testing.assert_array_equal(stored[0], kept[0])
    error = np.abs(stored - kept) / np.asarray(fitted.scale)[:, None, None]
    # Half precision of the harmonics in units of the scale, which are of order one here.
    assert error.max() < 2.0**-11 * 4.0


@pytest.mark.parametrize("content", [None, b"", b"something else"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "scales.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"scales\.safetensors holds no climatology and scales"):
        read_standardizer(path)


def test_a_channel_without_variance_is_named():
    def flat():
        for hours, piece in pieces():
            piece = piece.copy()
            piece[:, 1] = 101325.0
            yield hours, piece

    with pytest.raises(ValueError, match=r"Channels \['sp'\] never differ"):
        fit_standardizer(flat, LAYOUT, annual=1, diurnal=1)
