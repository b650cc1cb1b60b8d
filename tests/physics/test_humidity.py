import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.physics.humidity import dew_point, vapour_pressure
from latentda.physics.refractivity import refractivity
from latentda.physics.thermodynamics import saturation_vapour_pressure, specific_humidity

pytestmark = pytest.mark.usefixtures("float64")


def test_saturated_air_has_its_temperature_as_dew_point():
    temperature, pressure = np.meshgrid(np.linspace(190.0, 310.0, 13), [20000.0, 50000.0, 101325.0])
    # The moisture of hot air at low pressure is cut off where it would be most of the air.
    humidity = specific_humidity(temperature, pressure)
    held = saturation_vapour_pressure(temperature) < 0.5 * pressure
    found = dew_point(jnp.asarray(np.maximum(humidity, 0.0)), jnp.asarray(pressure))
    driest = np.asarray(dew_point(jnp.zeros_like(found), jnp.asarray(pressure)))
    np.testing.assert_allclose(found[held], np.maximum(temperature, driest)[held], rtol=1e-12)
    assert (driest < 200.0).all()


def test_vapour_pressure_undoes_specific_humidity():
    dew = np.linspace(200.0, 305.0, 20)
    found = vapour_pressure(jnp.asarray(specific_humidity(dew, 9e4)), jnp.full(20, 9e4))
    np.testing.assert_allclose(found, saturation_vapour_pressure(dew), rtol=1e-12)


@pytest.mark.parametrize("pressure", [0.0, 100.0, 1e5])
def test_dry_and_oversaturated_air_have_finite_dew_points_and_gradients(pressure):
    humidity = jnp.asarray([-1e-2, -1e-9, 0.0, 1e-12, 1e-7, 0.05, 0.9])
    value, gradient = jax.vmap(jax.value_and_grad(dew_point), (0, None))(humidity, pressure)
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()
    assert (np.diff(value) >= 0.0).all()


def test_refractivity_of_the_standard_atmosphere_at_the_ground():
    dry = refractivity(288.15, 0.0, 101325.0)
    assert float(dry) == pytest.approx(77.6 * 1013.25 / 288.15)
    # A vapour pressure of 10 hPa adds 3.73e5 x 10 / T^2.
    humidity = 0.622 * 1000.0 / (101325.0 - 0.378 * 1000.0)
    wet = refractivity(288.15, humidity, 101325.0)
    assert float(wet - dry) == pytest.approx(3.73e5 * 10.0 / 288.15**2)
