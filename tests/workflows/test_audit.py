"""The comparison with a centre's file: laws of columns whose answer is known, and the real file."""

import numpy as np
import pyarrow as pa
import pytest

from latentda.observations import ObservationError, read_prepbufr, table_from_columns
from latentda.physics.constants import GAS_CONSTANT, GRAVITY
from latentda.workflows.audit import departure_rows, mark_rows, operator_rows, require_first_guess

LEVELS = np.array([850, 700, 600, 500, 450, 400, 350, 300, 250, 200, 175, 150, 125, 100.0])
WARM = 250.0


def ascents(count=3, mark=2):
    """Ascents through an isothermal dry atmosphere with a wind linear in ln p; observed a unit too high."""
    rows = []
    for number in range(count):
        for hpa in LEVELS:
            height = 1500.0 * GRAVITY + GAS_CONSTANT * WARM * np.log(850.0 / hpa)
            wind = 10.0 * np.log(1000.0 / hpa)
            rows += [(number, hpa, n, v) for n, v in (("t", WARM), ("u", wind), ("v", -wind), ("z", height))]
    station, hpa, name, guess = (np.array(part) for part in zip(*rows, strict=True))
    table = table_from_columns(
        {
            "time": np.full(len(rows), np.datetime64("2020-11-01T12:00", "ns")),
            "lat": 10.0 * station.astype(float),
            "lon": np.full(len(rows), 20.0),
            "pres": 100.0 * hpa.astype(float),
            "observation": guess.astype(float) + np.where(name == "z", GRAVITY, 1.0),
            "variable": name,
            "station": np.char.add("S", station.astype(str)),
            "class": np.full(len(rows), "ADPUPA"),
            "quality": np.full(len(rows), mark),
        }
    )
    return table.append_column("first_guess", pa.array(guess.astype(np.float32)))


def test_operators_give_back_an_isothermal_atmosphere():
    rows = operator_rows(ascents())
    assert {row.variable for row in rows} == {"z", "t", "u", "v"}
    for row in rows:
        assert row.count == 3
        # Single precision of a geopotential of 160,000 m2 s-2 is 0.02; heights are in m.
        assert abs(row.mean) < (0.02 if row.variable == "z" else 2e-5)


def test_departures_are_observation_minus_first_guess_of_good_data():
    assert {round(row.mean, 2) for row in departure_rows(ascents())} == {1.0}
    assert departure_rows(ascents(mark=8)) == []


def test_a_gross_error_with_a_good_mark_is_counted_as_refused():
    table = ascents()
    values = table["observation"].to_numpy().copy()
    wind = np.flatnonzero(np.asarray(table["variable"]) == "u")[0]
    values[wind] += 60.0
    spoilt = table.set_column(
        table.column_names.index("observation"), table.schema.field("observation"), pa.array(values)
    )
    refused = {(row.variable, row.mark): row.refused for row in mark_rows(spoilt)}
    assert refused["u", 2] >= 1
    assert {row.refused for row in mark_rows(table)} == {0}


def test_a_file_without_first_guess_is_refused():
    with pytest.raises(ObservationError, match="no first guess"):
        require_first_guess(ascents().drop_columns("first_guess"))


def test_the_operational_file_of_2020(shared_data):
    path = shared_data / "obs_gdas_prepbufr_20201101/gdas.20201101.t12z.ADPUPA.prepbufr"
    table = require_first_guess(read_prepbufr(path, keep_first_guess=True))
    departure = {(row.variable, row.level_hpa): row for row in departure_rows(table)}
    # The centre's own numbers, read from the file by another decoder.
    for name, hpa, known in (("t", 850.0, 1.15), ("t", 500.0, 0.83), ("u", 500.0, 2.4), ("z", 500.0, 10.7)):
        assert departure[name, hpa].deviation == pytest.approx(known, rel=0.05)
    for row in operator_rows(table):
        largest = {"z": 0.75e-3 * 7000.0 * np.log(850.0 / row.level_hpa) + 0.1, "t": 0.1, "u": 0.1, "v": 0.1}
        assert abs(row.mean) < largest[row.variable]
    good = [row for row in mark_rows(table) if row.mark <= 3 and row.variable in "tuv"]
    assert sum(row.refused for row in good) < 0.005 * sum(row.count for row in good)
