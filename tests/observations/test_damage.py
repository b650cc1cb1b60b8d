"""Damaged files are read up to the damage or refused in one sentence; `benchmarks/damaged_files.py` does thousands."""

import gzip
import warnings

import h5netcdf
import numpy as np
import pyarrow.csv
import pytest

from latentda.observations import (
    ObservationError,
    check_range,
    column,
    read_observations,
    read_prepbufr,
    used,
    write_table,
)
from latentda.observations.bufr_decoder import DamageWarning, frames

COPIES = 12


def _damaged(content, random):
    copy = bytearray(content)
    begin, length = int(random.integers(len(copy))), int(random.integers(1, 500))
    kind = random.integers(5)
    if kind == 0:
        return copy[:begin]
    if kind == 1:
        del copy[begin : begin + length]
    elif kind == 2:
        copy[begin : begin + length] = random.bytes(len(copy[begin : begin + length]))
    else:
        for place in random.integers(0, len(copy) if kind == 3 else 60, random.integers(1, 20)):
            copy[min(place, len(copy) - 1)] ^= 1 << int(random.integers(8))
    return copy


def _try_copies(path, content, copies=COPIES):
    """Read damaged copies; what comes of them is rows that pass for observations, or one sentence."""
    random = np.random.default_rng(1)
    for _ in range(copies):
        path.write_bytes(_damaged(content, random))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DamageWarning)
                table = read_observations(path)
        except ObservationError as error:
            assert "\n" not in str(error)  # noqa: PT017 - most copies raise, some do not
            continue
        table = check_range(table)
        assert np.isfinite(column(table, "observation")).all()
        assert (np.abs(column(table, "lat")) <= 90.0).all()
        assert np.abs(column(table, "observation")[used(table)]).max(initial=0.0) < 700_000.0


@pytest.fixture(scope="module")
def plain_cycle(shipped_cycle):
    return gzip.decompress(shipped_cycle.read_bytes())


@pytest.fixture(scope="module")
def short_cycle(plain_cycle, tmp_path_factory):
    """The tables and the first forty messages with reports of the shipped cycle."""
    path = tmp_path_factory.mktemp("damage") / "cycle"
    path.write_bytes(plain_cycle)
    begin, length = frames(path).places[50]
    path.write_bytes(plain_cycle[: begin + length])
    return path


def _written(path, content):
    path.write_bytes(content)
    return path


def test_prepbufr(short_cycle, tmp_path):
    _try_copies(tmp_path / "copy", short_cycle.read_bytes())


def test_wmo_bufr(shared_data, tmp_path):
    pytest.importorskip("eccodes")
    content = (shared_data / "obs_ecmwf_bufr/temp_2008120812_global.bufr").read_bytes()
    _try_copies(tmp_path / "copy", content[: content.index(b"BUFR", 30_000)], 6)


def test_radio_occultation(shared_data, tmp_path):
    content = (shared_data / "obs_misc/gnssro_kompsat5_20180415_00Z.bufr").read_bytes()
    _try_copies(tmp_path / "copy", content, 6)


def test_tables_of_our_own(small_table, tmp_path):
    write_table(small_table, tmp_path / "parquet")
    _try_copies(tmp_path / "copy", (tmp_path / "parquet").read_bytes(), 60)
    pyarrow.csv.write_csv(small_table, tmp_path / "csv")
    _try_copies(tmp_path / "copy", (tmp_path / "csv").read_bytes(), 60)


def test_ioda(tmp_path):
    with h5netcdf.File(tmp_path / "ioda", "w") as file:
        file.dimensions = {"Location": 500}
        for name, value in {
            "MetaData/latitude": 10.0,
            "MetaData/longitude": 20.0,
            "MetaData/pressure": 50000.0,
            "MetaData/dateTime": 0,
            "ObsValue/airTemperature": 250.0,
        }.items():
            variable = file.create_variable(
                name, ("Location",), data=np.full(500, value), fillvalue=np.array(value) - 1
            )
            if name.endswith("dateTime"):
                variable.attrs["units"] = "seconds since 1970-01-01T00:00:00Z"
    assert read_observations(tmp_path / "ioda").num_rows == 500
    _try_copies(tmp_path / "copy", (tmp_path / "ioda").read_bytes(), 60)


def test_around_a_damaged_message_all_is_read(short_cycle, tmp_path):
    whole, content = read_prepbufr(short_cycle), bytearray(short_cycle.read_bytes())
    begin, length = frames(short_cycle).places[30]
    content[begin + 100 : begin + length - 4] = bytes(length - 104)  # its frame stays
    with pytest.warns(DamageWarning, match="1 of its 51 BUFR messages"):
        table = read_prepbufr(_written(tmp_path / "emptied", content))
    assert 0.9 * whole.num_rows < table.num_rows < whole.num_rows

    content = bytearray(short_cycle.read_bytes())
    content[begin + 5] ^= 255  # its length
    with pytest.warns(DamageWarning, match="1 of its 51 BUFR messages"):
        assert read_prepbufr(_written(tmp_path / "unframed", content)).equals(table)


def test_wmo_messages_around_a_damaged_one_are_read(shared_data, tmp_path):
    pytest.importorskip("eccodes")
    path = shared_data / "obs_ecmwf_bufr/temp_2008120812_global.bufr"
    content, places = path.read_bytes(), frames(path).places
    sound = read_observations(_written(tmp_path / "sound", content[: places[15][0]]))
    broken = bytearray(content[: places[15][0]])
    begin, length = places[7]
    broken[begin + 60 : begin + length - 4] = b"\xa5" * (length - 64)
    with pytest.warns(DamageWarning, match="1 of its 15 BUFR messages"):
        table = read_observations(_written(tmp_path / "broken", broken))
    lost = set(column(sound, "station")) - set(column(table, "station"))
    assert len(lost) == 1


def test_too_much_damage_is_refused(short_cycle, tmp_path):
    content = bytearray(short_cycle.read_bytes())
    for begin, _ in frames(short_cycle).places[20:40]:
        content[begin + 4] ^= 255
    with pytest.raises(ObservationError, match="20 of its 51 messages cannot be read"):
        read_prepbufr(_written(tmp_path / "ruin", content))


def test_a_file_cut_off_is_refused(short_cycle, tmp_path):
    content = short_cycle.read_bytes()
    with pytest.raises(ObservationError, match="is cut off inside its last BUFR message"):
        read_prepbufr(_written(tmp_path / "copy", content[:-100]))


@pytest.mark.parametrize("entry", [b"+3  -2732      14", b"+1  -0732      14", b"+1  -2732      22"])
def test_tables_that_mean_another_temperature_are_refused(short_cycle, tmp_path, entry):
    content = short_cycle.read_bytes()
    begin = content.index(b"+1  -2732      14", content.index(b"012245TOB"))  # scale, reference, width
    changed = content[:begin] + entry + content[begin + len(entry) :]
    with pytest.raises(ObservationError, match=r"damaged BUFR: its tables let TOB"):
        read_prepbufr(_written(tmp_path / "copy", changed))


@pytest.mark.parametrize("name", [b"YDR ", b"TQM ", b"TPC ", b"VOB "])
def test_tables_that_rename_a_companion_are_refused(short_cycle, tmp_path, name):
    changed = short_cycle.read_bytes().replace(name, b"ABC ", 1)
    with pytest.raises(ObservationError, match=r"damaged BUFR: its tables lack " + name.decode().strip()):
        read_prepbufr(_written(tmp_path / "copy", changed))
