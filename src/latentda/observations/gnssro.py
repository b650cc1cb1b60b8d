"""Reader of GNSS radio occultation in BUFR: profiles of refractivity.

Refractivity N = 10^6 (n - 1), n the index of refraction, becomes variable `n` at the tangent point's latitude and
longitude, located by `height`. The file tells the geometric height z above mean sea level; the table wants
geopotential height

    H      = gamma(phi) / g0  R(phi) z / (R(phi) + z),                  g0 = 9.80665 m/s2
    gamma  = gamma_e (1 + k sin^2 phi) / (1 - e^2 sin^2 phi)^(1/2)      normal gravity (Somigliana)
    R      = a / (1 + f + m - 2 f sin^2 phi)                            effective radius of the Earth

with gamma_e = 9.7803253359 m/s2, k = 0.00193185265241, e^2 = 0.00669437999013, a = 6378137 m, f = 1 / 298.257223563,
m = 0.00344978650684: WGS 84, NIMA TR8350.2 (2000), chapter 4; M. J. Mahoney, "A discussion of various measures of
altitude" (2001).

The template is WMO sequence 3 10 026 (Manual on Codes I.2), with or without NCEP's embedded tables, which name the
same elements by mnemonics. Quality flags 0 33 039 count from the left of 16 bits: 1 non-nominal quality, 4 excess
phase, 5 bending angle, 6 refractivity not nominal. Any of them, or a confidence of zero for the profile, makes the
mark of all its data 13. `type` is the number of the receiving satellite, as in NCEP's files, `station` that number
and the transmitter's; the class is GPSRO.

Nothing in a message tells bytes overwritten within its data. But along a profile heights go one way, and ln N changes
by less than 1 a kilometre (a scale height of 1 km; the atmosphere's is 7 km, sharp moist layers reach 1.3 km). Levels
on both sides of a step that breaks this get verdict `range`, and so does all of a profile in which more than
a tenth of the steps do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from latentda.observations.bufr_decoder import SoundFile, decode, sound_messages
from latentda.observations.clock_times import clock_times
from latentda.observations.compressed import decompressed
from latentda.observations.left_out import LeftOut, warn_of_other_kinds
from latentda.observations.prepbufr_levels import to_float
from latentda.observations.reports import table_from_reports
from latentda.observations.table import ObservationError, column, concatenate, refuse
from latentda.physics.constants import GRAVITY

GNSSRO_CATEGORY = 3
"""Data category (BUFR table A) of vertical soundings by satellite."""

_CODES = {
    "SAID": "B001007",
    "PTID": "B001050",
    "YEAR": "B004001",
    "MNTH": "B004002",
    "DAYS": "B004003",
    "HOUR": "B004004",
    "MINU": "B004005",
    "SECO": "B004006",
    "TISE": "B004016",
    "QFRO": "B033039",
    "PCCF": "B033007",
    "CLATH": "B005001",
    "CLONH": "B006001",
    "IMPP": "B007040",
    "HEIT": "B007007",
    "ARFR": "B015036",
}
NOT_NOMINAL = sum(1 << (16 - bit) for bit in (1, 4, 5, 6))
BAD_MARK, _UNCHECKED = 13, 2
_STEP, _STEEPEST, _MOST_BROKEN = 0.3, 1.0, 0.1  # of ln N; the same per km; share of steps
_EQUATOR, _SOMIGLIANA, _ECCENTRICITY2 = 9.7803253359, 0.00193185265241, 0.00669437999013
_RADIUS, _FLATTENING, _ROTATION = 6378137.0, 1.0 / 298.257223563, 0.00344978650684


def geopotential_height(height: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Geopotential height (m) of a geometric height (m) above sea level at a latitude (degrees)."""
    gravity, radius = _figure(latitude)
    return gravity / GRAVITY * radius * height / (radius + height)


def geometric_height(height: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Geometric height (m) above sea level of a geopotential height (m) at a latitude (degrees)."""
    gravity, radius = _figure(latitude)
    scaled = height * GRAVITY / gravity
    return radius * scaled / (radius - scaled)


def _figure(latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normal gravity (m/s2) and the effective radius of the Earth (m)."""
    sine2 = np.sin(np.deg2rad(latitude)) ** 2
    gravity = _EQUATOR * (1.0 + _SOMIGLIANA * sine2) / np.sqrt(1.0 - _ECCENTRICITY2 * sine2)
    return gravity, _RADIUS / (1.0 + _FLATTENING + _ROTATION - 2.0 * _FLATTENING * sine2)


def read_gnssro(path: str | Path) -> pa.Table:
    """Read refractivity profiles.

    A damaged message is left out with a `DamageWarning`; see `bufr_decoder`.

    Raises:
        ObservationError: the file is empty, cut off, too much of it is damaged, or it holds no profile of
            refractivity.
    """
    table = concatenate(gnssro_pieces(path))
    if table.num_rows == 0:
        raise ObservationError(f"{path} is BUFR but holds no profile of refractivity")
    return table


def gnssro_pieces(path: str | Path) -> Iterator[pa.Table]:
    """`read_gnssro`, a few hundred occultations at a time."""
    path = Path(path)
    with decompressed(path) as packed, sound_messages(packed, path) as file:
        yield from decoded_gnssro(file)


def decoded_gnssro(file: SoundFile) -> Iterator[pa.Table]:
    """`gnssro_pieces` of a file whose messages have been looked through."""
    if GNSSRO_CATEGORY not in file.frames.categories:
        return
    left_out, without = LeftOut(file.named), 0
    for batch in decode(file, GNSSRO_CATEGORY):
        table = _profiles(batch, left_out)
        if table is not None:
            yield table
        else:
            without += batch.num_rows
    left_out.warn()
    warn_of_other_kinds(file.named, {"soundings without refractivity": without} if without else {})


def _profiles(batch: pa.RecordBatch, left_out: LeftOut) -> pa.Table | None:
    heights, points = _list_with(batch, "HEIT", "ARFR"), _list_with(batch, "CLATH", "CLONH")
    if heights is None:
        return None
    lengths = pc.fill_null(pc.list_value_length(heights), 0).to_numpy(zero_copy_only=False)
    profile, levels = np.repeat(np.arange(batch.num_rows), lengths), heights.flatten()
    latitude, longitude = (_element(batch, name)[profile] for name in ("CLATH", "CLONH"))
    if points is not None and points.flatten().type.num_fields:
        own = pc.fill_null(pc.list_value_length(points), 0).to_numpy(zero_copy_only=False)
        if np.array_equal(own, lengths):
            latitude, longitude = (_element(points.flatten(), name) for name in ("CLATH", "CLONH"))
    flags, confidence = _element(batch, "QFRO"), _element(batch, "PCCF")
    bad = (np.nan_to_num(flags).astype(np.int64) & NOT_NOMINAL > 0) | (confidence == 0.0)
    receiver, transmitter = (np.nan_to_num(_element(batch, name)).astype(np.int64) for name in ("SAID", "PTID"))
    names = np.array([f"{r}-{t}" for r, t in zip(receiver, transmitter, strict=True)], dtype=object)
    places = {
        "time": _times(batch)[profile],
        "lat": latitude,
        "lon": longitude,
        "height": geopotential_height(_element(levels, "HEIT"), latitude),
        "type": receiver.clip(0, 65535)[profile],
        "station": names[profile],
        "class": "GPSRO",
        "source": "gnssro",
        "report": profile,
    }
    refractivity = _element(levels, "ARFR")
    marks = np.where(bad, BAD_MARK, _UNCHECKED)[profile].astype(np.float64)
    measured = np.where(refractivity > 0.0, refractivity, np.nan)
    table = table_from_reports(places, {"n": measured}, {"n": marks}, left_out=left_out)
    return refuse(table, broken_levels(table), "range")


def broken_levels(table: pa.Table) -> np.ndarray:
    """Which levels stand beside a step that no profile makes, or in a profile of many such."""
    if table.num_rows < 2:
        return np.zeros(table.num_rows, dtype=bool)
    station, time = column(table, "station"), column(table, "time")
    same = (station[1:] == station[:-1]) & (time[1:] == time[:-1])
    profile = np.concatenate([[0], np.cumsum(~same)])
    steps = np.maximum(np.bincount(profile[1:][same], minlength=profile[-1] + 1), 1)
    rise = np.diff(column(table, "height").astype(float)) / 1000.0
    upward = np.bincount(profile[1:], same * np.sign(rise), minlength=len(steps)) >= 0.0
    change = np.abs(np.diff(np.log(column(table, "observation").astype(float))))
    astray = (np.where(upward[profile[1:]], rise, -rise) <= 0.0) | (change > _STEP + _STEEPEST * np.abs(rise))
    astray &= same
    many = np.bincount(profile[1:], astray, minlength=len(steps)) > _MOST_BROKEN * steps
    return np.concatenate([[False], astray]) | np.concatenate([astray, [False]]) | many[profile]


def _times(batch: pa.RecordBatch) -> np.ndarray:
    """When the occultation's point was reached: its start and the increment to that point."""
    parts = [_element(batch, name) for name in ("YEAR", "MNTH", "DAYS", "HOUR", "MINU", "SECO")]
    start = clock_times([*parts[:5], np.nan_to_num(parts[5])])
    milliseconds = np.rint(np.nan_to_num(_element(batch, "TISE")) * 1000.0)
    return start + milliseconds.astype("timedelta64[ms]")


def _index(names: list[str], mnemonic: str) -> int | None:
    """Where an element comes first; a second time it is another quantity, such as its error."""
    for name in (mnemonic, _CODES[mnemonic]):
        if name in names:
            return names.index(name)
    return None


def _element(holder: pa.RecordBatch | pa.StructArray, mnemonic: str) -> np.ndarray:
    """Values of an element of a batch or a struct, NaN where missing."""
    if isinstance(holder, pa.RecordBatch):
        index = _index(holder.schema.names, mnemonic)
        array = None if index is None else holder.column(index)
    else:
        index = _index([holder.type.field(i).name for i in range(holder.type.num_fields)], mnemonic)
        array = None if index is None else pc.struct_field(holder, [index])
    return np.full(len(holder), np.nan) if array is None else to_float(array)


def _list_with(batch: pa.RecordBatch, *mnemonics: str) -> pa.Array | None:
    """The first list of structs that holds all these elements."""
    for array in batch.columns:
        kind = array.type
        if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
            names = [kind.value_type.field(i).name for i in range(kind.value_type.num_fields)]
            if all(_index(names, mnemonic) is not None for mnemonic in mnemonics):
                return array
    return None
