import gzip
from contextlib import suppress
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from latentda.observations import (
    ObservationError,
    column,
    read_observations,
    read_prepbufr,
    select,
)

GRAVITY = 9.80665


@pytest.fixture(scope="module")
def plain_cycle(shipped_cycle, tmp_path_factory):
    path = tmp_path_factory.mktemp("prepbufr") / "plain"
    path.write_bytes(gzip.decompress(shipped_cycle.read_bytes()))
    return path


def _written(path, content):
    path.write_bytes(content)
    return path


def _decoded(shared_data, name):
    return pd.read_csv(shared_data / name, dtype={"sid": str}, low_memory=False)


def _values(table, variable, **where):
    mask = column(table, "variable") == variable
    for name, value in where.items():
        mask &= column(table, name) == value
    return column(select(table, mask), "observation").astype(float)


def test_the_shipped_cycle(cycle_1989):
    assert cycle_1989.num_rows == 150873
    sondes = column(cycle_1989, "station")[column(cycle_1989, "class") == "ADPUPA"]
    assert len(set(sondes)) == 916
    time = column(cycle_1989, "time")
    assert abs(np.median((time - np.datetime64("1989-01-01T12", "ns")).astype(float))) < 3.6e12


def test_1989_equals_the_decoded_file(shared_data, cycle_1989):
    decoded = _decoded(shared_data, "obs_ncep_prepbufr_1989/prepqm89010112.decoded.csv.gz")
    sondes = decoded[decoded["sub"] == "ADPUPA"]
    pairs = {
        "t": sondes[sondes.typ < 200]["t"].dropna() + 273.15,
        "q": sondes[sondes.typ < 200]["q"].dropna() * 1e-6,
        "u": sondes[sondes.typ >= 200]["u"].dropna(),
        "z": sondes[(sondes.typ < 200) & (sondes.cat != 0)]["z"].dropna() * GRAVITY,
    }
    for variable, wanted in pairs.items():
        got = _values(cycle_1989, variable, **{"class": "ADPUPA"})
        np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-4, err_msg=variable)


def test_1989_surface_equals_the_decoded_file(shared_data, cycle_1989):
    decoded = _decoded(shared_data, "obs_ncep_prepbufr_1989/prepqm89010112.decoded.csv.gz")
    land = decoded[decoded["sub"] == "ADPSFC"]
    mass, wind = land[land.typ < 200], land[land.typ >= 200]
    for variable, wanted in {
        "sp": mass["p"].dropna() * 100.0,
        "t2m": mass["t"].dropna() + 273.15,
        "u10m": wind["u"].dropna(),
    }.items():
        got = _values(cycle_1989, variable, **{"class": "ADPSFC"})
        np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-4, err_msg=variable)


def test_pressures_at_sea_level(cycle_1989):
    """Stations near the sea reduce theirs as any atmosphere does; no other report tells one."""
    names = ("time", "lat", "lon", "station")
    frame = cycle_1989.filter(np.isin(column(cycle_1989, "variable"), ["sp", "msl"])).to_pandas()
    assert set(frame[frame.variable == "msl"]["class"]) == {"ADPSFC"}
    assert frame[frame.variable == "msl"][["pres", "error"]].isna().all(axis=None)
    good = frame[(frame.quality <= 3) & (frame.elev < 100.0)]
    both = good[good.variable == "msl"].merge(good[good.variable == "sp"], on=list(names), suffixes=("", "_here"))
    assert len(both) > 2000
    reduction = both.observation - both.observation_here * np.exp(both.elev / 8000.0)
    assert np.abs(reduction).quantile(0.9) < 100.0


def test_2020_pressures_at_sea_level_stand_in_for_bad_ones(shared_data):
    table = read_prepbufr(shared_data / "obs_gdas_prepbufr_20201101/gdas.20201101.t12z.adpsfc.subset.prepbufr")
    variable, kind, mark = (column(table, name) for name in ("variable", "type", "quality"))
    reduced = variable == "msl"
    assert reduced.sum() == 471
    assert set(kind[reduced]) == {181, 183}
    alone = (
        kind == 183
    )  # reports without a pressure of their station: NCEP makes it of the other, marked not to be used
    assert (mark[alone & (variable == "sp")] > 3).all()
    assert (mark[alone & reduced] <= 3).sum() == 27


def test_2020_virtual_temperature_is_undone(shared_data):
    folder = "obs_gdas_prepbufr_20201101/gdas.20201101.t12z.ADPUPA"
    table = read_prepbufr(shared_data / f"{folder}.prepbufr", keep_first_guess=True)
    decoded = _decoded(shared_data, f"{folder}.decoded.csv.gz")
    mass = decoded[(decoded.typ < 200) & decoded.t.notna()]
    is_t = column(table, "variable") == "t"
    got = column(table, "observation")[is_t].astype(float)
    lowering = mass.t.to_numpy() + 273.15 - got
    expected = (mass.t.to_numpy() + 273.15) * 0.6078e-6 * mass.q.fillna(0.0).to_numpy()
    close = np.abs(lowering - expected) < 0.15
    assert close.mean() > 0.99
    assert lowering.max() > 2.0

    # Against a first guess made sensible too, a moist boundary layer shows no virtual offset.
    q = column(table, "observation")[column(table, "variable") == "q"]
    assert q.max() > 0.015
    humid = expected > 2.0
    departure = got - column(table, "first_guess")[is_t]
    assert abs(np.nanmedian(departure[humid])) < 0.5


def test_2020_errors_are_si(shared_data):
    folder = "obs_gdas_prepbufr_20201101/gdas.20201101.t12z."
    table = read_prepbufr(shared_data / f"{folder}sfcshp.subset.prepbufr")
    error, variable = column(table, "error"), column(table, "variable")
    assert np.nanmedian(error[variable == "sp"]) == pytest.approx(160.0)
    assert np.nanmedian(error[variable == "t2m"]) == pytest.approx(2.5)
    assert np.isnan(error[variable == "q2m"]).all()


def test_aircraft_profiles(shared_data):
    folder = "obs_gdas_prepbufr_20201101/gdas.20201101.t12z."
    table = read_prepbufr(shared_data / f"{folder}acft_profiles.subset.prepbufr")
    decoded = _decoded(shared_data, f"{folder}acft_profiles.subset.decoded.csv.gz")
    np.testing.assert_allclose(_values(table, "u"), decoded.u.dropna(), atol=1e-4)
    np.testing.assert_allclose(_values(table, "t"), decoded.t.dropna() + 273.15, atol=1e-3)
    assert "z" not in set(column(table, "variable"))


def test_plain_and_gzipped_are_the_same(plain_cycle, cycle_1989):
    assert read_observations(plain_cycle).equals(cycle_1989)


def test_cycle_time_can_be_given(plain_cycle, cycle_1989):
    later = read_prepbufr(plain_cycle, datetime(1989, 1, 2, 12, tzinfo=UTC))
    shift = column(later, "time") - column(cycle_1989, "time")
    assert (shift == np.timedelta64(1, "D")).all()


@pytest.mark.parametrize("length", [0, 50, 60_000, 1_000_001])
def test_cut_off_files(plain_cycle, tmp_path, length):
    path = tmp_path / "cut"
    path.write_bytes(plain_cycle.read_bytes()[:length])
    for reader in (read_prepbufr, read_observations):
        with pytest.raises(ObservationError, match="cut"):
            reader(path)


def test_cut_off_gzip(shipped_cycle, tmp_path):
    path = tmp_path / "cut.gz"
    path.write_bytes(shipped_cycle.read_bytes()[:500_000])
    with pytest.raises(ObservationError, match=r"cut\.gz"):
        read_observations(path)


@pytest.mark.filterwarnings("ignore::latentda.observations.bufr_decoder.DamageWarning")
def test_damaged_bytes_never_crash(plain_cycle, tmp_path):
    content = plain_cycle.read_bytes()
    content = bytearray(content[: content.index(b"BUFR", 100_000) - 4])  # whole messages
    assert read_prepbufr(_written(tmp_path / "whole", content)).num_rows > 1000
    random = np.random.default_rng(0)
    path = tmp_path / "damaged"
    for count in (5, 50) * 10:
        damaged = content.copy()
        for place in random.integers(0, len(damaged), count):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        with suppress(ObservationError):
            read_prepbufr(path)


def test_damaged_tables_are_named(plain_cycle, tmp_path):
    content = plain_cycle.read_bytes()
    for name in (b"SID ", b"TYP ", b"XOB "):
        damaged = content.replace(name, b"ABC ")
        with pytest.raises(ObservationError, match="damaged"):
            read_prepbufr(_written(tmp_path / "damaged", damaged))


def test_other_files_are_named(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("temperature 20 degrees\n")
    with pytest.raises(ObservationError, match=r"notes\.txt"):
        read_prepbufr(path)
    with pytest.raises(ObservationError, match="column map"):
        read_observations(path)
    with pytest.raises(ObservationError, match="nowhere"):
        read_observations(tmp_path / "nowhere")
