from datetime import datetime

import numpy as np
import pytest

from latentda.grid import lat_lon_grid
from latentda.observations import (
    ObservationError,
    Orbit,
    aircraft_network,
    column,
    columns,
    grid_point_network,
    join_networks,
    marine_network,
    places_to_table,
    radiosonde_network,
    radiosonde_surface_network,
    random_network,
    satellite_wind_network,
    surface_network,
    swath_network,
)
from latentda.observations.orbit import ground_track

TIME = datetime(2020, 1, 1, 12)


@pytest.mark.parametrize(
    "network",
    [
        radiosonde_network(),
        surface_network(),
        columns(50, seed=1),
        random_network(50, seed=1, variables=("t", "sp")),
        swath_network(TIME),
        radiosonde_surface_network(),
        marine_network(),
        aircraft_network(),
        satellite_wind_network(),
    ],
    ids=[
        "radiosonde",
        "surface",
        "columns",
        "random",
        "swath",
        "radiosonde-surface",
        "marine",
        "aircraft",
        "winds",
    ],
)
def test_networks_make_valid_tables(network):
    table = places_to_table(network, np.ones(len(network)), TIME)
    assert table.num_rows == len(network)
    assert (column(table, "error") > 0.0).all()
    surface = np.char.startswith(network.variable.astype(str), "sp")
    assert np.isnan(network.pres[surface]).all()


def test_station_counts():
    assert 600 <= len(set(radiosonde_network().station)) <= 900
    assert 1500 <= len(set(surface_network().station)) <= 2500


def test_sondes_stay_above_ground_and_humidity_low():
    network = radiosonde_network()
    high = network.elev > 2500.0
    assert network.pres[high].max() < 80000.0
    assert network.pres[network.variable == "q"].min() == 30000.0


def test_a_seed_fixes_the_network():
    once, again, other = (random_network(20, seed=s) for s in (5, 5, 6))
    assert (once.lat == again.lat).all()
    assert not (once.lat == other.lat).all()


def test_uniform_on_the_sphere():
    latitude = random_network(20000, seed=0).lat
    assert np.mean(np.abs(latitude) < 30.0) == pytest.approx(0.5, abs=0.02)


def test_the_node_keeps_its_local_time():
    times = np.datetime64("2020-03-01", "ns") + np.arange(0, 86400, 10) * np.timedelta64(1, "s")
    latitude, longitude = ground_track(Orbit(), times)
    ascending = np.flatnonzero((latitude[:-1] < 0.0) & (latitude[1:] >= 0.0))
    hour = (times[ascending] - np.datetime64("2020-03-01", "ns")) / np.timedelta64(1, "h")
    local = np.mod(hour + longitude[ascending] / 15.0, 24.0)
    assert local == pytest.approx(13.5, abs=0.05)
    assert latitude.max() == pytest.approx(180.0 - 98.7, abs=0.1)


def test_missing_values_are_left_out():
    network = columns(2, seed=0, variables=("t",))
    values = np.where(np.arange(len(network)) % 2, np.nan, 250.0)
    table = places_to_table(network, values, TIME)
    assert table.num_rows == np.isfinite(values).sum()
    with pytest.raises(ObservationError, match="values"):
        places_to_table(network, values[:3], TIME)


def test_bad_station_file(tmp_path):
    path = tmp_path / "stations.csv"
    path.write_text("name,where\nA,1\n")
    with pytest.raises(ObservationError, match="station file"):
        radiosonde_network(station_file=path)


def test_flights_keep_to_great_circles_at_cruising_pressure():
    network = aircraft_network(flights=30, seed=3)
    flying = (np.char.str_len(network.station.astype(str)) > 3) & (network.variable == "t")
    assert ((network.pres[flying] >= 20000.0) & (network.pres[flying] <= 30000.0)).all()
    a, b = np.deg2rad(network.lat), np.deg2rad(network.lon)
    points = np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=-1)
    for name in set(network.station[flying]):
        track = points[flying & (network.station == name)]
        steps = 6371.0 * np.arccos(np.clip(np.sum(track[1:] * track[:-1], axis=1), -1.0, 1.0))
        np.testing.assert_allclose(steps, 400.0, rtol=1e-6)
        # All points of a great circle lie in one plane through the earth's centre.
        assert np.linalg.svd(track)[1][2:].max(initial=0.0) < 1e-7
        assert len(set(network.pres[network.station == name])) == 1


def test_satellite_winds_come_in_pairs_in_their_belt():
    network = satellite_wind_network(seed=1)
    assert np.abs(network.lat).max() <= 50.0
    assert (network.lat[::2] == network.lat[1::2]).all()
    assert (network.variable[::2] == "u").all()
    assert set(network.pres) == {85000.0, 70000.0, 30000.0, 25000.0}
    # As many a unit of area everywhere: half of them within the latitude that halves the belt.
    half = np.rad2deg(np.arcsin(0.5 * np.sin(np.deg2rad(50.0))))
    assert np.mean(np.abs(network.lat) < half) == pytest.approx(0.5, abs=0.02)


def test_ships_float_and_measure_pressure():
    network = marine_network()
    assert set(network.variable) == {"sp"}
    assert (network.elev == 0.0).all()
    assert 800 < len(network) < 1200


def test_grid_points_are_drawn_without_repetition():
    grid = lat_lon_grid(6, 8)
    pressure = np.broadcast_to(np.array([3e4, 8e4])[:, None, None], (2, *grid.shape))
    every = grid_point_network(grid, pressure, 1.0, seed=0, variables=("t", "u"))
    assert len({*zip(every.lat, every.lon, every.pres, every.variable, strict=True)}) == 2 * 2 * 48
    some = grid_point_network(grid, pressure, 0.25, seed=(0, 5))
    assert len(some) == 72
    with pytest.raises(ValueError, match="share"):
        grid_point_network(grid, pressure, 1.5, seed=0)


def test_joined_networks_keep_their_order():
    first, second = marine_network(), columns(3, seed=1)
    both = join_networks(first, second)
    assert len(both) == len(first) + len(second)
    assert (both.station[len(first) :] == second.station).all()
    np.testing.assert_array_equal(both.error[: len(first)], first.error)
