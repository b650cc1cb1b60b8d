"""Networks by name: their size, what stands still and what moves."""

import numpy as np
import pytest

from latentda.experiments.twin.observing import NETWORKS, build_network, level_pressures
from latentda.forecast.embedded.jcm import jcm_layout
from latentda.physics.constants import GRAVITY
from latentda.physics.thermodynamics import standard_atmosphere_pressure

LAYOUT = jcm_layout()
HILL = GRAVITY * 2000.0 * np.exp(-(((np.asarray(LAYOUT.grid.latitude) - 40.0) / 10.0) ** 2))
GROUND = np.broadcast_to(HILL[:, None], LAYOUT.grid.shape)


def network(name, seed=0):
    return build_network(name, LAYOUT, GROUND, seed)


def counts(places):
    return {name: int((places.variable == name).sum()) for name in np.unique(places.variable.astype(str))}


def test_radiosondes_measure_at_the_ground_too():
    places = network("sonde")(0)
    assert set(counts(places)) == {"t", "u", "v", "q", "sp"}
    stations = {s for s, v in zip(places.station, places.variable, strict=True) if v == "sp"}
    assert stations == set(places.station)


def test_a_full_cycle_fits_a_batch_at_any_time():
    at = network("full-conventional")
    sizes = [len(at(hours)) for hours in range(0, 240, 12)]
    assert 50_000 < min(sizes) <= max(sizes) <= 65_536
    classes = set(at(0).message_class)
    assert classes == {"ADPUPA", "ADPSFC", "SFCSHP", "AIRCFT", "SATWND"}


def test_sparse_columns_stand_still_whatever_seed_and_time():
    first, other = network("sparse", 0)(0), network("sparse", 5)(12)
    np.testing.assert_array_equal(first.lat, other.lat)
    assert counts(first)["sp"] == 60
    assert len(set(zip(first.lat, first.lon, strict=True))) == 60


@pytest.mark.parametrize(("name", "share"), [("random-1", 0.01), ("random-5", 0.05)])
def test_random_networks_observe_a_share_of_the_grid(name, share):
    places = network(name)(0)
    assert len(places) == round(share * 3 * 8 * 48 * 96)
    assert set(counts(places)) == {"t", "u", "v"}
    assert np.isin(places.lat, LAYOUT.grid.latitude).all()
    assert len({*zip(places.lat, places.lon, places.pres, places.variable, strict=True)}) == len(places)


@pytest.mark.parametrize("name", ["random-1", "full-conventional"])
def test_moving_places_depend_on_seed_and_time_alone(name):
    first = network(name)(12)
    np.testing.assert_array_equal(first.lon, network(name)(12).lon)
    for other in (network(name)(24), network(name, 1)(12)):
        assert len(other) != len(first) or not np.array_equal(other.lon, first.lon)


def test_level_pressures_follow_the_ground_and_stay_below_the_top():
    pressure = level_pressures(LAYOUT, GROUND)
    surface = standard_atmosphere_pressure(GROUND / GRAVITY)
    np.testing.assert_allclose(pressure[3], 0.34 * surface)
    assert (pressure[0] > 0.025 * 1.04 * surface).all()
    assert (np.diff(pressure, axis=0) > 0).all()


def test_an_unknown_network_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"buoys.*sonde"):
        network("buoys")
    assert all(error > 0 for name in NETWORKS for error in network(name)(0).error)


@pytest.mark.parametrize(("name", "factor"), [("sparse-half-errors", 0.5), ("sparse-double-errors", 2.0)])
def test_error_scans_differ_from_sparse_in_their_errors_alone(name, factor):
    first, other = network("sparse")(0), network(name)(0)
    np.testing.assert_array_equal(first.lat, other.lat)
    np.testing.assert_allclose(other.error, factor * first.error)


@pytest.mark.parametrize(("name", "count"), [("sparse-20", 20), ("sparse-180", 180)])
def test_density_scans_differ_from_sparse_in_their_number_of_columns(name, count):
    assert counts(network(name)(0))["sp"] == count
