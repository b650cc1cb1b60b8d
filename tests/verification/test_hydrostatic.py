"""Atmospheres whose geopotential is known: isothermal ones, and a temperature linear in ln p."""

import numpy as np
import pytest

from latentda.physics.constants import GAS_CONSTANT
from latentda.verification import hydrostatic_residual, sigma_geopotential
from tests.worlds import HECTOPASCALS, pressure_layout, sigma_layout

SIGMA = sigma_layout()
PRESSURE = pressure_layout()
LOG_P = np.log(100.0 * np.asarray(HECTOPASCALS))[:, None, None]


def atmosphere(layout, **fields):
    state = np.zeros(layout.shape)
    for short, values in fields.items():
        state[layout.indices(short)] = values
    return state


def column(temperature, geopotential, **others):
    return atmosphere(PRESSURE, t=temperature, z=geopotential, **{"sp": 1.1e5} | others)


def test_an_isothermal_atmosphere_on_sigma_levels():
    surface = np.random.default_rng(0).uniform(0.0, 3e4, SIGMA.grid.shape)
    found = sigma_geopotential(atmosphere(SIGMA, t=250.0), SIGMA, surface)
    exact = surface - GAS_CONSTANT * 250.0 * np.log(np.asarray(SIGMA.vertical.levels))[:, None, None]
    np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_moist_air_is_thicker_above_the_moisture_only():
    flat = np.zeros(SIGMA.grid.shape)
    humidity = atmosphere(SIGMA, q=0.01)[SIGMA.indices("q")]
    dry = sigma_geopotential(atmosphere(SIGMA, t=280.0), SIGMA, flat)
    moist = sigma_geopotential(atmosphere(SIGMA, t=280.0, q=humidity), SIGMA, flat)
    np.testing.assert_allclose(moist / dry, 1.0 + 0.01 * (1 / 0.622 - 1), rtol=1e-9)


def test_layouts_that_cannot_be_integrated_are_refused():
    with pytest.raises(ValueError, match="sigma levels"):
        sigma_geopotential(column(250.0, 0.0), PRESSURE, np.zeros(PRESSURE.grid.shape))
    with pytest.raises(ValueError, match="same pressure levels"):
        hydrostatic_residual(atmosphere(SIGMA, t=250.0), SIGMA)


def test_hydrostatic_states_have_no_misfit():
    isothermal = column(250.0, -GAS_CONSTANT * 250.0 * LOG_P)
    linear = column(20.0 * LOG_P, -GAS_CONSTANT * 10.0 * LOG_P**2)
    for state in (isothermal, linear):
        assert max(hydrostatic_residual(state, PRESSURE).values()) < 1e-12


def test_the_misfit_is_the_relative_error_of_thickness():
    state = column(250.0, -1.1 * GAS_CONSTANT * 250.0 * LOG_P)
    assert hydrostatic_residual(state, PRESSURE) == pytest.approx({"200-500": 0.1, "500-850": 0.1})


def test_layers_below_the_ground_do_not_count():
    geopotential = np.broadcast_to(-GAS_CONSTANT * 250.0 * LOG_P, (3, *PRESSURE.grid.shape)).copy()
    pressure = np.full(PRESSURE.grid.shape, 1.0e5)
    pressure[3, :5] = 7.0e4
    geopotential[2, 3, :5] = -1e5
    residual = hydrostatic_residual(column(250.0, geopotential, sp=pressure), PRESSURE)
    assert max(residual.values()) < 1e-12
    everywhere = hydrostatic_residual(column(250.0, geopotential, sp=1.1e5), PRESSURE)
    assert everywhere["500-850"] > 0.01
