import numpy as np
import pandas as pd
import pytest

from latentda.observations import (
    LeftOutWarning,
    ObservationError,
    column,
    read_observations,
    read_radiosondes,
    read_synop,
    read_table,
    write_table,
)
from latentda.physics.thermodynamics import standard_atmosphere_pressure


@pytest.fixture(scope="module")
def ascents(shared_data):
    pytest.importorskip("eccodes")
    return read_observations(shared_data / "obs_ecmwf_bufr/temp_2008120812_global.bufr")


def test_radiosondes_equal_the_decoded_file(shared_data, ascents):
    decoded = pd.read_csv(shared_data / "obs_ecmwf_bufr/temp_2008120812_global.decoded.csv.gz")
    value, variable = column(ascents, "observation"), column(ascents, "variable")
    np.testing.assert_allclose(value[variable == "t"], decoded.airTemperature.dropna(), rtol=1e-6)
    wind = decoded.dropna(subset=["windSpeed", "windDirection"])
    u, v = value[variable == "u"], value[variable == "v"]
    np.testing.assert_allclose(np.hypot(u, v), wind.windSpeed, atol=1e-4)
    blowing = wind.windSpeed.to_numpy() > 0.0
    direction = np.rad2deg(np.arctan2(-u, -v))[blowing]
    turn = (direction - wind.windDirection.to_numpy()[blowing] + 180.0) % 360.0 - 180.0
    assert np.abs(turn).max() < 1e-3


def test_humidity_and_geopotential_are_physical(ascents):
    value, variable = column(ascents, "observation"), column(ascents, "variable")
    pressure = column(ascents, "pres")
    assert value[variable == "q"].min() > 0.0
    assert np.quantile(value[variable == "q"], 0.999) < 0.03
    height = value[(variable == "z") & (pressure == 50000.0)] / 9.80665
    assert 4700.0 < np.median(height) < 5900.0


def test_synop(shared_data, tmp_path):
    pytest.importorskip("eccodes")
    content = (shared_data / "obs_ecmwf_bufr/synop_2018110212_global.bufr").read_bytes()
    path = tmp_path / "synop"
    path.write_bytes(content[: content.index(b"BUFR", 200_000)])
    table = read_synop(path)
    names, numbers = np.unique(column(table, "variable").astype(str), return_counts=True)
    counts = dict(zip(names, numbers, strict=True))
    assert counts["t2m"] > 400
    assert counts["u10m"] == counts["v10m"]
    assert set(column(table, "class")) <= {"ADPSFC", "SFCSHP"}


def _message(category, descriptors, levels=0, **values):
    """A BUFR message by ecCodes' own encoder; arrays give the repetitions of an element in order."""
    eccodes = pytest.importorskip("eccodes")
    handle = eccodes.codes_bufr_new_from_samples("BUFR4")
    try:
        eccodes.codes_set(handle, "dataCategory", category)
        eccodes.codes_set(handle, "masterTablesVersionNumber", 36)
        for kind in ("", "Short", "Extended"):
            # Each replication of the template asks for its count; the levels come first.
            counts = [levels] + [1] * 7
            eccodes.codes_set_array(handle, f"input{kind}DelayedDescriptorReplicationFactor", counts)
        eccodes.codes_set_array(handle, "unexpandedDescriptors", np.atleast_1d(descriptors).tolist())
        for name, value in (TIME | values).items():
            for rank, one in enumerate(np.atleast_1d(value), 1):
                eccodes.codes_set(handle, f"#{rank}#{name}", one if isinstance(one, str) else one.item())
        eccodes.codes_set(handle, "pack", 1)
        return eccodes.codes_get_message(handle)
    finally:
        eccodes.codes_release(handle)


TIME = {"year": 2020, "month": 11, "day": 1, "hour": 12, "minute": 5}
AMDAR = {
    "aircraftRegistrationNumberOrOtherIdentification": "EU1234",
    "second": 30,
    "latitude": 50.0,
    "longitude": -10.0,
}
LAND = {"blockNumber": 10, "stationNumber": 410, "latitude": 51.4, "longitude": 6.97}


def _read(path, *messages):
    path.write_bytes(b"".join(messages))
    return read_observations(path)


def _only(table, variable, name="observation"):
    return column(table, name)[column(table, "variable") == variable]


def test_amdar(tmp_path):
    report = {"flightLevel": 10972.8, "airTemperature": 218.2, "windDirection": 270.0, "windSpeed": 40.0}
    table = _read(tmp_path / "amdar", _message(4, 311005, **AMDAR, **report))
    assert set(column(table, "class")) == {"AIRCFT"}
    assert set(column(table, "station")) == {"EU1234"}
    assert set(column(table, "type")) == {131, 231}
    assert _only(table, "u")[0] == pytest.approx(40.0)
    assert _only(table, "v")[0] == pytest.approx(0.0, abs=1e-4)
    assert _only(table, "t")[0] == pytest.approx(218.2)
    # 36,000 feet by the tables of the ICAO standard atmosphere
    assert _only(table, "t", "pres")[0] == pytest.approx(22729.0, rel=1e-3)
    assert (column(table, "time") == np.datetime64("2020-11-01T12:05:30")).all()


def test_pressure_altitude_is_the_standard_atmosphere():
    height = np.array([0.0, 1000.0, 5000.0, 11000.0, 15000.0, 20000.0, 30000.0])
    wanted = np.array([101325.0, 89874.6, 54019.9, 22632.1, 12044.6, 5474.9, np.nan])  # ICAO Doc 7488
    np.testing.assert_allclose(standard_atmosphere_pressure(height), wanted, rtol=1e-4)


def test_a_steep_roll_marks_the_wind(tmp_path):
    levels = {
        "flightLevel": np.array([1000.0, 2000.0]),
        "latitude": np.array([50.0, 50.1, 50.2]),
        "longitude": np.array([-10.0, -10.1, -10.2]),
        "airTemperature": np.array([280.0, 275.0]),
        "windDirection": np.array([180.0, 190.0]),
        "windSpeed": np.array([5.0, 8.0]),
        "aircraftRollAngleQuality": np.array([0, 1]),
    }
    table = _read(tmp_path / "ascent", _message(4, 311009, 2, **(AMDAR | levels)))
    assert _only(table, "u", "quality").tolist() == [2, 13]
    assert _only(table, "t", "quality").tolist() == [2, 2]
    np.testing.assert_allclose(_only(table, "t", "lat"), [50.1, 50.2], atol=1e-4)
    np.testing.assert_allclose(_only(table, "t", "lon"), [349.9, 349.8], atol=1e-4)


def test_ship(tmp_path):
    report = {
        "shipOrMobileLandStationIdentifier": "DBLK",
        "latitude": 70.0,
        "longitude": 2.0,
        "heightOfStationGroundAboveMeanSeaLevel": 3.0,
        "heightOfBarometerAboveMeanSeaLevel": 20.0,
        "nonCoordinatePressure": 100100.0,
        "pressureReducedToMeanSeaLevel": 100350.0,
        "airTemperature": 275.0,
        "dewpointTemperature": 273.0,
        "windDirection": 360.0,
        "windSpeed": 10.0,
    }
    table = _read(tmp_path / "ship", _message(1, 308009, 1, **report))
    assert set(column(table, "class")) == {"SFCSHP"}
    assert set(column(table, "station")) == {"DBLK"}
    assert set(column(table, "type")) == {180, 280}
    assert set(column(table, "variable")) == {"sp", "msl", "t2m", "q2m", "u10m", "v10m"}
    assert _only(table, "msl").tolist() == [100350.0]
    assert _only(table, "v10m")[0] == pytest.approx(-10.0)
    assert _only(table, "sp", "elev")[0] == 20.0  # the pressure belongs to the barometer
    assert _only(table, "t2m", "elev")[0] == 3.0


@pytest.mark.parametrize(
    ("identifiers", "station"),
    [
        ({"wigosIssuerOfIdentifier": 705, "wigosLocalIdentifierCharacter": "990"}, "0-705-0-990"),
        ({"wigosIssuerOfIdentifier": 20000, "wigosLocalIdentifierCharacter": "10410"}, "10410"),
        ({}, "Ljubljana"),
    ],
)
def test_land_is_told_by_the_category_and_not_by_a_number(tmp_path, identifiers, station):
    numbers = {"wigosIdentifierSeries": 0, "wigosIssueNumber": 0} if identifiers else {}
    report = {"latitude": 46.0, "longitude": 14.5, "nonCoordinatePressure": 98000.0, "airTemperature": 280.0}
    report |= {"stationOrSiteName": "Ljubljana", "heightOfStationGroundAboveMeanSeaLevel": 299.0}
    table = _read(tmp_path / "synop", _message(0, [301150, 307080], 1, **report, **numbers, **identifiers))
    assert set(column(table, "class")) == {"ADPSFC"}
    assert set(column(table, "station")) == {station}
    assert _only(table, "sp", "elev").tolist() == [299.0]


def test_land_of_no_known_height_is_not_the_sea(tmp_path):
    report = {"latitude": 46.0, "longitude": 14.5, "nonCoordinatePressure": 98000.0, "airTemperature": 280.0}
    with pytest.warns(LeftOutWarning, match="1 datum of its reports"):
        table = _read(tmp_path / "synop", _message(0, 307080, 1, **report))
    assert column(table, "variable").tolist() == ["t2m"]


def test_buoys_have_names(tmp_path):
    report = {"latitude": 40.0, "longitude": -20.0, "airTemperature": 290.0}
    table = _read(tmp_path / "buoy", _message(1, 315008, 1, **report, marineObservingPlatformIdentifier=6200001))
    assert set(column(table, "station")) == {"6200001"}
    assert set(column(table, "class")) == {"SFCSHP"}


def test_off_the_globe_is_no_place_even_with_drift(tmp_path):
    levels = {"pressure": np.array([90000.0]), "airTemperature": np.array([280.0]), "latitudeDisplacement": 0.0}
    far = {"blockNumber": 10, "stationNumber": 410, "latitude": 120.0, "longitude": 6.97}
    with pytest.warns(LeftOutWarning, match="1 of its 2 reports"):
        table = _read(tmp_path / "t", _message(2, 309052, 1, **far, **levels), _message(2, 309052, 1, **LAND, **levels))
    np.testing.assert_allclose(column(table, "lat"), 51.4, atol=1e-4)


def test_dew_point_without_pressure_stays_dew_point(tmp_path):
    report = {"airTemperature": 275.0, "dewpointTemperature": 273.0}
    table = _read(tmp_path / "synop", _message(0, 307080, 1, **LAND, **report))
    assert set(column(table, "variable")) == {"t2m", "d2m"}
    assert set(column(table, "station")) == {"10410"}


def test_pilot_balloon_by_height(tmp_path):
    levels = {
        "geopotentialHeight": np.array([500.0, 1500.0, 3000.0]),
        "windDirection": np.array([90.0, 90.0, 90.0]),
        "windSpeed": np.array([3.0, 6.0, 9.0]),
        "timePeriod": np.array([60, 300, 600]),
        "latitudeDisplacement": np.array([0.0, 0.01, 0.02]),
    }
    table = _read(tmp_path / "pilot", _message(2, 309051, 3, **LAND, **levels))
    assert set(column(table, "variable")) == {"u", "v"}
    assert set(column(table, "type")) == {221}
    np.testing.assert_allclose(_only(table, "u"), [-3.0, -6.0, -9.0], atol=1e-4)
    np.testing.assert_allclose(_only(table, "u", "height"), [500.0, 1500.0, 3000.0])
    assert np.isnan(column(table, "pres")).all()
    np.testing.assert_allclose(_only(table, "u", "lat"), [51.4, 51.41, 51.42], atol=1e-4)
    late = _only(table, "u", "time") - np.datetime64("2020-11-01T12:05:00")
    assert (late.astype("timedelta64[s]").astype(int) == [60, 300, 600]).all()


def test_radiosonde_of_a_ship(tmp_path):
    levels = {
        "shipOrMobileLandStationIdentifier": "ASDE1",
        "latitude": 40.0,
        "longitude": -30.0,
        "pressure": np.array([101000.0, 50000.0]),
        "nonCoordinateGeopotentialHeight": np.array([10, 5600]),
        "airTemperature": np.array([290.0, 255.0]),
        "dewpointTemperature": np.array([285.0, 240.0]),
        "windDirection": np.array([10.0, 20.0]),
        "windSpeed": np.array([5.0, 25.0]),
        "extendedVerticalSoundingSignificance": np.array([131072, 65536]),
    }
    table = _read(tmp_path / "temp", _message(2, 309052, 2, **levels))
    assert set(column(table, "station")) == {"ASDE1"}
    assert _only(table, "sp").tolist() == [101000.0]
    np.testing.assert_allclose(_only(table, "z"), [5600.0 * 9.80665])
    np.testing.assert_allclose(_only(table, "t", "pres"), [101000.0, 50000.0])


def test_messages_of_one_template_are_read_alike(tmp_path):
    values = [{"airTemperatureAt2M": 275.0, "windSpeedAt10M": 3.0, "windDirectionAt10M": 90.0}, {}]
    values += [{"airTemperatureAt2M": 276.0, "nonCoordinatePressure": 99000.0}]
    table = _read(tmp_path / "synop", *(_message(0, 307001, **LAND, heightOfStation=50, **value) for value in values))
    np.testing.assert_allclose(_only(table, "t2m"), [275.0, 276.0])
    np.testing.assert_allclose(_only(table, "u10m"), [-3.0], atol=1e-5)
    np.testing.assert_allclose(_only(table, "sp"), [99000.0])


@pytest.mark.filterwarnings("error")
def test_messages_that_cannot_hold_a_quantity_are_no_damage(tmp_path):
    place = _message(0, 301090, **LAND)
    synop = _message(0, 307080, 1, **LAND, airTemperature=275.0)
    table = _read(tmp_path / "synop", place, synop, place, place, synop)
    assert _only(table, "t2m").tolist() == [275.0, 275.0]


@pytest.mark.parametrize("date", [{"month": 2, "day": 30}, {"hour": 24}, {"month": 0}])
def test_a_report_of_no_possible_time_is_left_out(tmp_path, date):
    report = LAND | {"airTemperature": 275.0}
    good, bad = _message(0, 307080, 1, **report), _message(0, 307080, 1, **report, **date)
    assert _read(tmp_path / "synop", bad, good).num_rows == 1


def test_all_kinds_of_a_mixed_file_are_read(shared_data, tmp_path):
    flight = _message(4, 311005, **AMDAR, flightLevel=5000.0, airTemperature=250.0)
    synop = _message(0, 307080, 1, **LAND, airTemperature=275.0)
    occultations = (shared_data / "obs_misc/gnssro_kompsat5_20180415_00Z.bufr").read_bytes()
    table = _read(tmp_path / "mixed", synop, flight, occultations)
    assert set(column(table, "class")) == {"ADPSFC", "AIRCFT", "GPSRO"}


def test_wrong_kind_is_named(shared_data):
    pytest.importorskip("eccodes")
    with pytest.raises(ObservationError, match="data category"):
        read_observations(shared_data / "obs_misc/mhs_metopb_20201026T21.bufr_d")


def test_cut_off_message(shared_data, tmp_path):
    pytest.importorskip("eccodes")
    content = (shared_data / "obs_ecmwf_bufr/temp_2008120812_global.bufr").read_bytes()
    path = tmp_path / "cut.bufr"
    path.write_bytes(content[:20_000])
    with pytest.raises(ObservationError, match="cut"):
        read_radiosondes(path)


def test_missing_library_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("latentda.observations.wmo_bufr.installed", lambda: False)
    path = tmp_path / "any"
    path.write_bytes(b"BUFR")
    with pytest.raises(ObservationError, match=r"pip install latentda\[bufr\]"):
        read_radiosondes(path)


def test_parquet_is_recognised(small_table, tmp_path):
    write_table(small_table, tmp_path / "table")
    assert read_observations(tmp_path / "table").equals(read_table(tmp_path / "table"))
