import numpy as np
import pytest

from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.places import ground_log_pressure, places_of
from latentda.grid import datetime_of_hours
from latentda.observations import make_batch
from tests.cycling.conftest import LAYOUT, small_intake
from tests.worlds import table_of

HOURS = 262_800


def test_every_kind_of_datum_has_its_level():
    names = ["t", "n", "n", "sp", "tcwv"]
    table = table_of(
        names,
        pres=[50000.0, np.nan, np.nan, np.nan, np.nan],
        height=[np.nan, 5574.0, 30000.0, np.nan, np.nan],
        observation=1.0,
        error=1.0,
    )
    ground = np.full(LAYOUT.grid.shape, np.log(90000.0))
    batch = make_batch(table, datetime_of_hours(HOURS))
    places = places_of(batch, LAYOUT.grid, ground)
    held = np.asarray(batch.valid)
    pressure = dict(zip(np.asarray(batch.row)[held], np.exp(np.asarray(places.log_pressure)[held]), strict=True))
    # 500 hPa lie at 5574 m in the standard atmosphere, 11.97 hPa at 30 km.
    assert pressure[0] == pytest.approx(50000.0)
    assert pressure[1] == pytest.approx(50000.0, rel=1e-3)
    assert pressure[2] == pytest.approx(1197.0, rel=0.07)
    assert pressure[3] == pytest.approx(90000.0)
    assert np.isnan(pressure[4])


def test_the_ground_is_that_of_the_state_or_of_the_standard_atmosphere(truth):
    orography = np.full(LAYOUT.grid.shape, 9.80665 * 1000.0)
    by_height = ground_log_pressure(LAYOUT, orography, None)
    np.testing.assert_allclose(np.exp(by_height), 89875.0, rtol=1e-3)
    by_state = ground_log_pressure(LAYOUT, orography, truth)
    np.testing.assert_allclose(np.exp(by_state), truth[LAYOUT.index("sp")], rtol=1e-6)


def test_a_term_says_where_its_data_are(truth):
    table = table_of(["t", "sp"], pres=[60000.0, np.nan], observation=1.0, error=1.0)
    term = small_intake().term(table, HOURS, FirstGuess.instant(truth), placed=True)
    assert term.places is not None
    assert term.places.latitude.shape == term.valid.shape
    np.testing.assert_allclose(term.places.log_pressure[0], np.log(60000.0), rtol=1e-6)
    low, high = (np.log(part(truth[LAYOUT.index("sp")])) for part in (np.min, np.max))
    assert low - 1e-6 <= float(term.places.log_pressure[1]) <= high + 1e-6
