"""The yardstick's networks: as many data as are published, where they are said to be, with their errors."""

import numpy as np
import pytest

from latentda import UserError
from latentda.experiments.speedy.run import run_speedy
from latentda.experiments.speedy.setup import ERRORS, MOIST_LEVELS, STATIONS, network
from latentda.forecast import jcm_layout
from latentda.world import embedded_world

LAYOUT = jcm_layout()
LEVELS = len(LAYOUT.levels_of("t"))


def test_every_second_point_has_the_published_number_of_data():
    row, column = STATIONS["speedy-letkf-reg2"](LAYOUT.grid)
    assert row.size == 1008
    assert (np.diff(np.unique(row)) == 2).all()
    assert (np.diff(np.unique(column)) == 2).all()
    places = network("speedy-letkf-reg2", LAYOUT, np.zeros(LAYOUT.grid.shape))
    assert len(places) == 1008 * (3 * LEVELS + MOIST_LEVELS + 1) == 29_232
    for name, error in ERRORS.items():
        assert (places.error[places.variable == name] == error).all()
    assert places.pres[places.variable == "q"].min() > np.median(places.pres[places.variable == "t"])


def test_points_of_radiosondes_are_each_there_once():
    row, column = STATIONS["speedy-letkf-raob"](LAYOUT.grid)
    assert len({*zip(row.tolist(), column.tolist(), strict=True)}) == row.size
    assert 400 < row.size < 700


def test_the_ground_of_a_station_is_the_model_s():
    high = np.zeros(LAYOUT.grid.shape)
    row, column = STATIONS["speedy-letkf-reg2"](LAYOUT.grid)
    high[row[5], column[5]] = 9.80665 * 2000.0
    places = network("speedy-letkf-reg2", LAYOUT, high)
    assert places.elev.max() == pytest.approx(2000.0)
    there = places.station == "P5"
    assert np.nanmax(places.pres[there]) < 0.8 * np.nanmax(places.pres)


def test_what_there_is_not():
    with pytest.raises(UserError, match="speedy-letkf-raob, of at least three cycles"):
        run_speedy("speedy-letkf-real", embedded_world(), None)
