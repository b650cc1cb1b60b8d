from datetime import datetime

import numpy as np
import pytest

from latentda.observations import (
    ObservationError,
    Orbit,
    column,
    columns,
    places_to_table,
    radiosonde_network,
    random_network,
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
    ],
    ids=["radiosonde", "surface", "columns", "random", "swath"],
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
