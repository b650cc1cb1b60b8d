import numpy as np
import pytest

from latentda.observations import column, empty_table, table_from_columns, used
from latentda.observations.hydrostatic_check import check_hydrostatic
from latentda.observations.soundings import sounding_levels, sounding_numbers
from latentda.observations.soundings_checks import check_lapse_rate, check_wind_shear
from latentda.physics.constants import GRAVITY
from latentda.physics.thermodynamics import standard_atmosphere_temperature

GAS_CONSTANT = 287.053
MANDATORY = 100.0 * np.array([1000, 925, 850, 700, 500, 400, 300, 250, 200, 150, 100, 70, 50, 30, 20, 10])
CHECKS = (check_hydrostatic, check_lapse_rate, check_wind_shear)
LAUNCH = np.datetime64("1989-01-01T12:00", "ns")


def isothermal(pressure):
    return np.full(np.shape(pressure), 250.0)


def heights(profile, pressure):
    """Geopotential above 1000 hPa by a fine integration of R T d ln p."""
    fine = np.exp(np.linspace(np.log(1e5), np.log(pressure.min()), 20001))
    middle = profile(np.sqrt(fine[1:] * fine[:-1]))
    rise = np.append(0.0, np.cumsum(GAS_CONSTANT * middle * np.log(fine[:-1] / fine[1:])))
    return np.interp(-np.log(pressure), -np.log(fine), rise)


def sounding(profile=standard_atmosphere_temperature, station="A", significant=(), wind=10.0, latitude=50.0):
    """Columns of a balanced dry sounding; levels in `significant` (Pa) have no height."""
    pressure = np.sort(np.append(MANDATORY, significant))[::-1]
    z = heights(profile, pressure)
    variables = {"t": profile(pressure), "q": 0.0 * z, "z": z, "u": 0.0 * z + wind, "v": 0.0 * z}
    here = {
        name: ~np.isin(pressure, significant) if name == "z" else np.ones(len(pressure), bool) for name in variables
    }
    rows = sum(int(mask.sum()) for mask in here.values())
    return {
        "pres": np.concatenate([pressure[mask] for mask in here.values()]),
        "observation": np.concatenate([values[here[name]] for name, values in variables.items()]),
        "variable": np.concatenate([np.full(int(mask.sum()), name, dtype=object) for name, mask in here.items()]),
        "station": np.full(rows, station, dtype=object),
        "class": np.full(rows, "ADPUPA", dtype=object),
        "time": np.full(rows, LAUNCH),
        "lat": np.full(rows, latitude),
        "lon": np.full(rows, 10.0),
    }


def changed(columns, variable, pressure, change):
    observation = columns["observation"].copy()
    row = (columns["variable"] == variable) & (columns["pres"] == pressure)
    assert row.sum() == 1
    observation[row] = change(observation[row])
    return columns | {"observation": observation}


def refused(check, columns):
    table = check(table_from_columns(columns))
    rows = np.flatnonzero(~used(table))
    return {(columns["variable"][row], columns["pres"][row]) for row in rows}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("profile", [isothermal, standard_atmosphere_temperature])
def test_a_balanced_sounding_passes(check, profile):
    columns = sounding(profile, significant=(60000.0, 27500.0))
    assert refused(check, columns) == set()
    without_humidity = {name: values[columns["variable"] != "q"] for name, values in columns.items()}
    assert refused(check, without_humidity) == set()


@pytest.mark.parametrize("pressure", MANDATORY)
def test_a_wrong_height_is_found_at_its_level(pressure):
    found = refused(check_hydrostatic, changed(sounding(), "z", pressure, lambda z: z + 300.0 * GRAVITY))
    ends = pressure in (MANDATORY[0], MANDATORY[-1])
    # At the ends a height and a temperature explain the only layer equally well.
    assert found == {(name, pressure) for name in (("z", "t", "q") if ends else ("z",))}


@pytest.mark.parametrize("error", [-25.0, 25.0])
@pytest.mark.parametrize("pressure", MANDATORY[1:-1])
def test_a_wrong_temperature_is_found_at_its_level(pressure, error):
    found = refused(check_hydrostatic, changed(sounding(), "t", pressure, lambda t: t + error))
    assert found == {("t", pressure), ("q", pressure)}


@pytest.mark.parametrize("check", [check_hydrostatic, check_lapse_rate])
@pytest.mark.parametrize("pressure", [50000.0, 40000.0])
def test_a_wrong_sign_is_found_at_its_level(check, pressure):
    found = refused(check, changed(sounding(), "t", pressure, lambda t: 2.0 * 273.15 - t))
    assert found == {("t", pressure), ("q", pressure)}


@pytest.mark.parametrize("check", [check_hydrostatic, check_lapse_rate])
def test_a_wrong_significant_level_leaves_its_neighbours(check):
    columns = sounding(significant=(64000.0, 60000.0, 56000.0))
    found = refused(check, changed(columns, "t", 60000.0, lambda t: t - 45.0))
    assert found == {("t", 60000.0), ("q", 60000.0)}


def test_where_nothing_single_explains_a_layer_all_of_it_goes():
    columns = sounding()
    above = (columns["variable"] == "z") & (columns["pres"] < 50000.0)
    columns["observation"] = columns["observation"] + np.where(above, 500.0 * GRAVITY, 0.0)
    expected = {(name, level) for name in ("z", "t", "q") for level in (50000.0, 40000.0)}
    assert refused(check_hydrostatic, columns) == expected


def test_inversions_of_the_ground_pass_and_of_the_free_air_do_not():
    def polar(pressure):
        return np.where(pressure > 95000.0, 225.0, np.minimum(250.0, standard_atmosphere_temperature(pressure)))

    assert refused(check_lapse_rate, sounding(polar)) == set()
    found = refused(check_lapse_rate, changed(sounding(), "t", 25000.0, lambda t: t + 30.0))
    assert ("t", 25000.0) in found
    assert not found & {("t", level) for level in MANDATORY[:5]}


def test_wind_shear():
    found = refused(check_wind_shear, changed(sounding(), "u", 30000.0, lambda u: u + 120.0))
    assert found == {("u", 30000.0), ("v", 30000.0)}


def disturbed():
    """Three soundings, two with errors of every kind."""
    columns = [sounding(station=name, latitude=place) for name, place in (("A", 50.0), ("B", -20.0), ("C", 70.0))]
    columns[0] = changed(columns[0], "z", 30000.0, lambda z: z + 4000.0)
    columns[0] = changed(columns[0], "t", 85000.0, lambda t: t - 40.0)
    columns[2] = changed(columns[2], "v", 50000.0, lambda v: v - 150.0)
    return {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}


@pytest.mark.parametrize("check", CHECKS)
def test_the_order_of_rows_does_not_matter(check):
    columns = disturbed()
    order = np.random.default_rng(0).permutation(len(columns["pres"]))
    straight = column(check(table_from_columns(columns)), "verdict")
    shuffled = column(check(table_from_columns({name: values[order] for name, values in columns.items()})), "verdict")
    assert (straight != "").any()
    assert shuffled.tolist() == straight[order].tolist()


@pytest.mark.parametrize("check", CHECKS)
def test_soundings_do_not_touch_each_other(check):
    columns = disturbed()
    whole = column(check(table_from_columns(columns)), "verdict")
    for name in "ABC":
        mine = columns["station"] == name
        alone = check(table_from_columns({key: values[mine] for key, values in columns.items()}))
        assert column(alone, "verdict").tolist() == whole[mine].tolist()


@pytest.mark.parametrize("check", CHECKS)
def test_refused_rows_only_grow_and_nothing_else_changes(check):
    table = table_from_columns(disturbed())
    once = check(table)
    assert once.drop_columns(["used", "verdict"]).equals(table.drop_columns(["used", "verdict"]))
    twice = check(once)
    assert not (used(twice) & ~used(once)).any()
    earlier = ~used(once)
    assert column(twice, "verdict")[earlier].tolist() == column(once, "verdict")[earlier].tolist()
    assert check(empty_table()).num_rows == 0
    other = columns_of_class(disturbed(), "AIRCFT")
    assert used(check(table_from_columns(other))).all()


def columns_of_class(columns, name):
    return columns | {"class": np.full(len(columns["pres"]), name, dtype=object)}


def test_what_is_one_sounding():
    minutes = np.array([0, 20, 50, 75, 240, 0, 0, 0])
    columns = {
        "time": LAUNCH + minutes.astype("timedelta64[m]"),
        "lat": np.array([50.0, 50.4, 51.0, 51.2, 50.0, 10.0, 50.0, 50.1]),
        "lon": np.array([359.8, 0.2, 0.9, 1.4, 0.0, 0.0, 0.0, 0.0]),
        "pres": np.array([9e4, 5e4, 1e4, 2e3, 9e4, 9e4, 9e4, 9e4]),
        "observation": np.full(8, 250.0),
        "variable": np.full(8, "t", dtype=object),
        "station": np.array(["A"] * 6 + ["", ""], dtype=object),
        "class": np.full(8, "ADPUPA", dtype=object),
    }
    numbers = sounding_numbers(table_from_columns(columns))
    drifting, later, elsewhere, nameless, other = numbers[0], numbers[4], numbers[5], numbers[6], numbers[7]
    assert (numbers[:4] == drifting).all()
    assert len({drifting, later, elsewhere, nameless, other}) == 5


def test_levels_stand_from_the_ground_up_with_the_best_datum():
    columns = sounding()
    twice = {name: np.concatenate([values, values]) for name, values in columns.items()}
    rows = len(columns["pres"])
    twice["observation"][rows:] += 1.0
    twice["quality"] = np.repeat([3, 1], rows)
    levels = sounding_levels(table_from_columns(twice), ("t", "z"), ("ADPUPA",))
    assert levels.pressure.tolist() == MANDATORY.tolist()
    assert levels.values["t"] == pytest.approx(standard_atmosphere_temperature(MANDATORY) + 1.0, rel=1e-6)
