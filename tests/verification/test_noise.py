"""Surface pressures whose tendencies are known."""

from dataclasses import dataclass

import numpy as np
import pytest

from latentda.grid import Layout
from latentda.verification import surface_pressure_noise
from tests.worlds import sigma_layout

LAYOUT = sigma_layout()


@dataclass(frozen=True)
class Tide:
    """p_s(t) = p_s(0) + rate t, half the world rising and half falling."""

    rate: float
    layout: Layout = LAYOUT

    def surface_pressure(self, state, start_hours, hours, every_hours):
        times = 3600.0 * np.arange(0.0, hours + 0.5 * every_hours, every_hours)[:, None, None]
        sign = np.where(np.arange(self.layout.grid.shape[1]) % 2, 1.0, -1.0)
        return state[self.layout.index("sp")] + self.rate * times * sign


STATE = np.full(LAYOUT.shape, 1e5)


@pytest.mark.parametrize("every", [0.5, 1.0, 3.0])
def test_a_steady_tendency_is_found_at_every_interval(every):
    noise = surface_pressure_noise(Tide(0.01), STATE, 0, hours=6, every_hours=every)
    np.testing.assert_allclose(noise.tendency, 0.01)
    assert noise.hours[0] == every / 2
    assert len(noise.hours) == 6 / every
    # 0.01 Pa/s for 10800 s is 108 Pa.
    np.testing.assert_allclose(noise.hpa_per_3h, 1.08)


def test_a_steady_pressure_makes_no_noise():
    assert surface_pressure_noise(Tide(0.0), STATE, 0).mean == 0.0


def test_a_forecast_that_fails_is_not_quiet():
    with pytest.raises(FloatingPointError, match="not finite"):
        surface_pressure_noise(Tide(np.nan), STATE, 0)
