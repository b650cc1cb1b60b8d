"""Reader of NNJA-AI Parquet: Brightband's reprocessing of the NOAA-NASA Joint Archive of Observations.

A file holds the messages of one NCEP type, a report a row. Columns are named by the mnemonics of NCEP's BUFR tables,
of nested ones the path with dots (`TMPSQ1.TMDB`); OBS_TIMESTAMP, LAT and LON say when and where.

| kind | told by | gives |
| --- | --- | --- |
| soundings, wide | mandatory levels as columns, `TMDB_PRLC85000`: the pressure in Pa | t, q, u, v, z |
| soundings, a row a level | a column PRLC (Pa) | t, q or td, u, v, z |
| aircraft | a flight level, or MSG_TYPE NC004... | t, q or td, u, v |
| surface | neither | sp, msl, t2m, q2m or d2m, u10m, v10m |

Mnemonics: TMDB temperature and TMDP dew point (K), WDIR (degrees) and WSPD (m/s), GP10 or GP07 geopotential (m2/s2),
PRES station pressure and PMSL that at sea level (Pa), SELV or HSMSL its height (m), WMOB and WMOS or RPID the station,
FLVLST, FLVL, PSAL or IALT a pressure altitude (m), QMAT, QMDD, QMWN, QMGP, QMPR quality marks, which grow worse as
prepBUFR's do.

Source: the documentation and notebooks of github.com/brightbandtech/nnja-ai for names, dots, mandatory levels and
units of pressure, read in 2025, and NCEP's BUFR tables for the mnemonics. No file of the archive was at hand: the
tests write files of these forms. The significant levels, which the archive keeps only in the nested column UARLV, are
not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from latentda.observations.cells import read_numbers
from latentda.observations.compressed import decompressed
from latentda.observations.coordinates import table_latitudes, table_longitudes
from latentda.observations.file_rows import NO_WIND, NOTHING, OUT, TIMELESS, UNPLACED, FileRows, kept
from latentda.observations.reports import impossible_winds, table_from_reports, wind_components
from latentda.observations.row_notes import RowNotes
from latentda.observations.table import ObservationError, concatenate
from latentda.observations.times import WANTED, Times, read_times
from latentda.physics.thermodynamics import specific_humidity, standard_atmosphere_pressure

TIME_COLUMN = "OBS_TIMESTAMP"
"""The column that tells NNJA-AI's Parquet from other."""

_ROWS = 50_000
_LEVEL = re.compile(r"(?:.*\.)?([A-Z0-9]+)_PRLC(\d+)")
_ALTITUDES = ("FLVLST", "FLVL", "PSAL", "IALT")
_NUMBERS = (
    *("LAT", "LON", "SELV", "HSMSL", "WMOB", "WMOS", "PRLC", "PRES", "PMSL", "GP10", "GP07"),
    *("TMDB", "TMDP", "WDIR", "WSPD", "QMAT", "QMDD", "QMWN", "QMGP", "QMPR"),
    *_ALTITUDES,
)
_TEXTS = ("RPID", "MSG_TYPE")
_CLASSES = {"NC000": ("ADPSFC", 181), "NC001": ("SFCSHP", 180), "NC002": ("ADPUPA", 120), "NC004": ("AIRCFT", 131)}


def read_nnja(path: str | Path) -> pa.Table:
    """Read an NNJA-AI file to an observation table.

    Raises:
        ObservationError: the file is missing, damaged, not of NNJA-AI, or of a kind the table does not hold, such as
            radiances.
    """
    return concatenate(nnja_pieces(path))


def nnja_pieces(path: str | Path) -> Iterator[pa.Table]:
    """`read_nnja`, some ten thousand reports at a time."""
    path = Path(path)
    notes = RowNotes(path)
    with decompressed(path) as file:
        try:
            with pq.ParquetFile(file, page_checksum_verification=True) as content:
                columns = _columns(content.schema_arrow, path)
                for batch in content.iter_batches(_ROWS, columns=list(dict.fromkeys(columns.values()))):
                    reports = _Reports(batch, columns)
                    _note(reports, notes)
                    yield from _tables(reports)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            text = " ".join(str(error).split())
            raise ObservationError(f"{path} cannot be read as NNJA-AI Parquet: {text}") from error
    if TIMELESS in notes and len(notes.rows(TIMELESS)) == notes.total:
        raise ObservationError(f"{path} has times that are not {WANTED}: {notes.example(TIMELESS)}")
    notes.warn()


def _note(reports: _Reports, notes: RowNotes) -> None:
    """Note reports without time or place, those whose place is not on the globe, and winds that cannot be."""
    rows = FileRows(reports.batch, notes.total + 1 + np.arange(len(reports)), notes)
    notes.total += len(reports)
    times, names = reports.times, reports.columns
    rows.note(TIMELESS, OUT, times.unreadable, names[TIME_COLUMN])
    rows.note(UNPLACED, OUT, np.isnat(times.instants) & ~times.unreadable, names[TIME_COLUMN])
    for name, bounded in (("LAT", table_latitudes), ("LON", table_longitudes)):
        values = reports.numbers(name)
        rows.note(UNPLACED, OUT, np.isnan(values), names[name])
        rows.note(UNPLACED, kept("position"), bounded(values)[1] & ~np.isnan(values), names[name])
    for suffix in [name.removeprefix("WSPD") for name in names if name.startswith("WSPD")]:
        speed, direction = reports.numbers("WSPD" + suffix), reports.numbers("WDIR" + suffix)
        wrong, backwards = impossible_winds(speed, direction), speed < 0.0
        rows.note(NO_WIND, NOTHING, backwards, names["WSPD" + suffix])
        rows.note(NO_WIND, NOTHING, wrong & ~backwards, names.get("WDIR" + suffix))


def _columns(schema: pa.Schema, named: Path) -> dict[str, str]:
    """The file's columns by mnemonic; of several the one with the shortest path, which is the report's own."""
    columns: dict[str, str] = {}
    for name in sorted(schema.names, key=lambda name: name.count(".")):
        kind = schema.field(name).type
        if pa.types.is_nested(kind):
            continue
        level = _LEVEL.fullmatch(name)
        mnemonic = f"{level[1]}_PRLC{level[2]}" if level else name.rsplit(".", 1)[-1]
        if level or mnemonic in _NUMBERS or mnemonic in _TEXTS or name == TIME_COLUMN:
            columns.setdefault(mnemonic, name)
    missing = [name for name in (TIME_COLUMN, "LAT", "LON") if name not in columns]
    if missing:
        raise ObservationError(f"{named} is Parquet but not of NNJA-AI: it lacks {', '.join(missing)}")
    if not any(name.split("_")[0] in ("TMDB", "WSPD", "PRES") for name in columns):
        raise ObservationError(f"{named} is NNJA-AI Parquet without temperature, wind or pressure")
    return columns


class _Reports:
    """Reports of a batch by mnemonic, missing values as NaN."""

    def __init__(self, batch: pa.RecordBatch, columns: dict[str, str]):
        self.batch, self.columns = batch, columns

    def __len__(self) -> int:
        return self.batch.num_rows

    def numbers(self, *mnemonics: str) -> np.ndarray:
        """Values, of the first of the mnemonics that has one."""
        values = np.full(len(self), np.nan)
        for mnemonic in mnemonics:
            if mnemonic in self.columns:
                found = self.batch.column(self.columns[mnemonic])
                values = np.where(np.isnan(values), read_numbers(found).values, values)
        return np.where(np.abs(values) < 1e10, values, np.nan)  # BUFR's missing, where it came through, is 1e11

    def wind(self, suffix: str = "") -> tuple[np.ndarray, np.ndarray]:
        """Components of the wind, NaN where speed or direction cannot be."""
        speed, direction = self.numbers("WSPD" + suffix), self.numbers("WDIR" + suffix)
        wrong = impossible_winds(speed, direction)
        return wind_components(np.where(wrong, np.nan, speed), np.where(wrong, np.nan, direction))

    def texts(self, mnemonic: str) -> np.ndarray:
        """Texts without padding, empty where missing."""
        if mnemonic not in self.columns:
            return np.full(len(self), "", dtype=object)
        found = pc.utf8_trim_whitespace(self.batch.column(self.columns[mnemonic]).cast(pa.string()))
        return np.asarray(pc.fill_null(found, "").to_numpy(zero_copy_only=False), dtype=object)

    @cached_property
    def times(self) -> Times:
        """Times in UTC."""
        return read_times(self.batch.column(self.columns[TIME_COLUMN]))


def _tables(reports: _Reports) -> Iterator[pa.Table]:
    if any("_PRLC" in name for name in reports.columns):
        levels = sorted({int(name.split("_PRLC")[1]) for name in reports.columns if "_PRLC" in name}, reverse=True)
        for level in levels:
            pressure = np.full(len(reports), float(level))
            yield _upper_air(reports, pressure, f"_PRLC{level}", "ADPUPA", 120)
        return
    message_class, kind = _kind(reports)
    if message_class in ("ADPUPA", "AIRCFT"):
        pressure = reports.numbers("PRLC", *(["PRES"] if message_class == "AIRCFT" else []))
        pressure = np.where(np.isnan(pressure), standard_atmosphere_pressure(reports.numbers(*_ALTITUDES)), pressure)
        yield _upper_air(reports, pressure, "", message_class, kind)
    else:
        yield _surface(reports, message_class, kind)


def _kind(reports: _Reports) -> tuple[str, int]:
    """Class and report type of the file, by its message type where it tells it, else by its columns."""
    for name in np.unique(reports.texts("MSG_TYPE").astype(str)):
        if name[:5] in _CLASSES:
            return _CLASSES[name[:5]]
    if "PRLC" in reports.columns:
        return _CLASSES["NC002"]
    return _CLASSES["NC004" if any(name in reports.columns for name in _ALTITUDES) else "NC000"]


def _places(reports: _Reports, message_class: str, kind: int) -> dict[str, Any]:
    block, number = reports.numbers("WMOB"), reports.numbers("WMOS")
    pairs = zip(block, number, reports.texts("RPID"), strict=True)
    station = [f"{b:02.0f}{n:03.0f}" if np.isfinite(b + n) else name for b, n, name in pairs]
    return {
        "time": reports.times.instants,
        "lat": reports.numbers("LAT"),
        "lon": reports.numbers("LON"),
        "elev": reports.numbers("SELV", "HSMSL"),
        "station": np.array(station, dtype=object),
        "class": message_class,
        "type": kind,
        "source": "nnja",
    }


def _upper_air(reports: _Reports, pressure: np.ndarray, suffix: str, message_class: str, kind: int) -> pa.Table:
    def numbers(*names: str) -> np.ndarray:
        return reports.numbers(*(name + suffix for name in names))

    u, v = reports.wind(suffix)
    dew_point = numbers("TMDP")
    humidity = specific_humidity(dew_point, pressure)
    quantities = {
        "t": numbers("TMDB"),
        "q": humidity,
        "td": np.where(np.isnan(humidity), dew_point, np.nan),
        "u": u,
        "v": v,
        "z": np.where(np.isnan(pressure), np.nan, numbers("GP10", "GP07")),
    }
    humidity_mark, wind_mark = numbers("QMDD"), numbers("QMWN")
    marks = {"t": numbers("QMAT"), "q": humidity_mark, "td": humidity_mark, "z": numbers("QMGP")}
    marks |= {"u": wind_mark, "v": wind_mark}
    places = _places(reports, message_class, kind) | {"pres": pressure}
    return table_from_reports(places, quantities, {name: mark.clip(0, 15) for name, mark in marks.items()})


def _surface(reports: _Reports, message_class: str, kind: int) -> pa.Table:
    u, v = reports.wind()
    pressure, dew_point = reports.numbers("PRES"), reports.numbers("TMDP")
    humidity = specific_humidity(dew_point, pressure)
    quantities = {
        "sp": pressure,
        "msl": reports.numbers("PMSL"),
        "t2m": reports.numbers("TMDB"),
        "q2m": humidity,
        "d2m": np.where(np.isnan(humidity), dew_point, np.nan),
        "u10m": u,
        "v10m": v,
    }
    humidity_mark, wind_mark = reports.numbers("QMDD"), reports.numbers("QMWN")
    pressure_mark = reports.numbers("QMPR")
    marks = {
        "sp": pressure_mark,
        "msl": pressure_mark,
        "t2m": reports.numbers("QMAT"),
        "q2m": humidity_mark,
        "d2m": humidity_mark,
    }
    marks |= {"u10m": wind_mark, "v10m": wind_mark}
    places = _places(reports, message_class, kind)
    return table_from_reports(places, quantities, {name: mark.clip(0, 15) for name, mark in marks.items()})
