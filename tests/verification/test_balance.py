"""Flows in exact balance: solid rotation, a resting atmosphere over mountains, and what breaks them."""

import numpy as np
import pytest

from latentda.grid import EARTH_RADIUS, build_layout, gaussian_grid
from latentda.physics.constants import GAS_CONSTANT
from latentda.verification import increment_balance, state_balance
from latentda.verification.balance import ROTATION_RATE, mass_force
from tests.worlds import pressure_layout, sigma_layout

SIGMA = sigma_layout(gaussian_grid(16, 32))
PRESSURE = pressure_layout(gaussian_grid(16, 32))
FLAT = np.zeros(SIGMA.grid.shape)
SINE = np.sin(np.deg2rad(SIGMA.grid.latitude))[:, None] * np.ones(32)
COSINE = np.sqrt(1.0 - SINE**2)
TEMPERATURE = 260.0


def rotation(speed, layout=SIGMA):
    """Solid rotation u = U cos phi in gradient-wind balance with an isothermal atmosphere."""
    state = np.zeros(layout.shape)
    state[layout.indices("u")] = speed * COSINE
    state[layout.indices("t")] = TEMPERATURE
    potential = -(EARTH_RADIUS * ROTATION_RATE * speed + 0.5 * speed**2) * SINE**2
    if "z" in layout.variables:
        state[layout.indices("z")] = potential
    state[layout.index("sp")] = 1e5 * np.exp(potential / (GAS_CONSTANT * TEMPERATURE))
    return state


@pytest.mark.parametrize("layout", [SIGMA, PRESSURE], ids=["sigma", "pressure"])
def test_solid_rotation_is_in_gradient_wind_balance(layout):
    misfit = state_balance(rotation(30.0, layout), layout, FLAT)
    np.testing.assert_allclose(misfit.gradient, 0.0, atol=1e-9)
    # u_g = u + u^2 tan phi / (f a), so the geostrophic misfit is U / (2 Omega a) everywhere.
    np.testing.assert_allclose(misfit.geostrophic, 30.0 / (2.0 * ROTATION_RATE * EARTH_RADIUS), rtol=1e-6)
    assert misfit.geostrophic_mean == pytest.approx(misfit.geostrophic[0])


def test_a_resting_atmosphere_over_mountains_feels_no_force():
    surface = 8e3 * (1.0 + SINE * COSINE)
    state = np.zeros(SIGMA.shape)
    state[SIGMA.indices("t")] = TEMPERATURE
    state[SIGMA.index("sp")] = 1e5 * np.exp(-surface / (GAS_CONSTANT * TEMPERATURE))
    slope = np.abs(mass_force(state, SIGMA, FLAT)).max()
    assert np.abs(mass_force(state, SIGMA, surface)).max() < 0.02 * slope


def test_increments_of_both_winds_and_masses_are_balanced():
    misfit = increment_balance(rotation(31.0), rotation(30.0), SIGMA)
    assert misfit.gradient_mean < 1e-6
    assert misfit.geostrophic_mean == pytest.approx(61.0 / (2.0 * ROTATION_RATE * EARTH_RADIUS), rel=1e-3)


def test_winds_alone_are_as_far_from_balance_as_they_are_large():
    background, analysis = rotation(30.0), rotation(30.0)
    analysis[SIGMA.indices("v")] += 1.0 + SINE
    misfit = increment_balance(analysis, background, SIGMA)
    np.testing.assert_allclose(misfit.geostrophic, 1.0)


def test_the_size_of_an_increment_does_not_matter():
    background = rotation(30.0)
    difference = 0.01 * np.random.default_rng(1).normal(size=SIGMA.shape) * np.abs(background).clip(1.0)
    small, large = (increment_balance(background + s * difference, background, SIGMA) for s in (1e-4, 1e-3))
    assert small.geostrophic_mean == pytest.approx(large.geostrophic_mean, rel=1e-3)


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(ValueError, match="no wind between 20 and 75 degrees"):
        increment_balance(rotation(0.0), rotation(0.0), SIGMA)
    without = pressure_layout(gaussian_grid(16, 32), names="uvt")
    with pytest.raises(ValueError, match="u, v, z on the same pressure levels"):
        state_balance(np.ones(without.shape), without, FLAT)
    uneven = build_layout(SIGMA.grid, SIGMA.vertical, {"u": (0.4, 0.9), "v": (0.4, 0.9), "t": (0.9,)}, ["sp"])
    with pytest.raises(ValueError, match="same sigma levels"):
        state_balance(np.ones(uneven.shape), uneven, FLAT)
