"""Quality control: small checks of single data, each from table to table.

A check only ever takes rows out: it sets `used` false and `verdict` to its name for rows that were
still used, and leaves everything else as it was. A check that judges each datum by itself gives the
same in any order; the order decides only which check is named. `check_duplicates` chooses among the
data still used, and belongs after those. `chain` puts checks of all kinds in order.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from latentda.observations.soundings import all_but_best, level_numbers, variable_numbers
from latentda.observations.table import VARIABLES, ObservationError, column, refuse, used
from latentda.physics.constants import GRAVITY
from latentda.user_error import UserError

HUMIDITY_TOP_PA = 30000.0
"""Humidity at lower pressure (Pa) is neither simulated nor assimilated: sensors are not trusted in the cold."""

PHYSICAL_RANGES = {
    "t": (150.0, 340.0),
    "q": (0.0, 0.045),
    "u": (-150.0, 150.0),
    "v": (-150.0, 150.0),
    "z": (-8000.0, 600000.0),
    "tv": (150.0, 345.0),
    "td": (130.0, 310.0),
    "ws": (0.0, 180.0),
    "n": (0.0, 500.0),
    "sp": (30000.0, 110000.0),
    "t2m": (180.0, 335.0),
    "q2m": (0.0, 0.045),
    "u10m": (-75.0, 75.0),
    "v10m": (-75.0, 75.0),
    "d2m": (170.0, 310.0),
    "ws10m": (0.0, 90.0),
    "tcwv": (0.0, 90.0),
    "msl": (85000.0, 110000.0),
}
"""What the atmosphere can do, SI; the bounds themselves pass."""


def check_quality_marks(table: pa.Table, worst: int = 3) -> pa.Table:
    """Refuse data with a prepBUFR mark above `worst`: verdict `quality_mark`."""
    return refuse(table, column(table, "quality") > worst, "quality_mark")


def check_range(table: pa.Table) -> pa.Table:
    """Refuse data outside `PHYSICAL_RANGES`: verdict `range`."""
    value, variable = column(table, "observation"), variable_numbers(table)
    # In the precision of the column, so that a bound itself passes.
    low, high = np.array([PHYSICAL_RANGES[name] for name in VARIABLES], dtype=np.float32).T
    return refuse(table, ~((value >= low[variable]) & (value <= high[variable])), "range")


def check_below_ground(table: pa.Table) -> pa.Table:
    """Refuse geopotential below the station, which is extrapolated: verdict `below_ground`."""
    height = column(table, "observation") / GRAVITY
    below = (variable_numbers(table) == VARIABLES.index("z")) & (height < column(table, "elev"))
    return refuse(table, below, "below_ground")


def check_humidity_aloft(table: pa.Table, top: float = HUMIDITY_TOP_PA) -> pa.Table:
    """Refuse specific humidity and dew point at pressures below `top` (Pa): verdict `humidity_aloft`."""
    humid = np.isin(variable_numbers(table), [VARIABLES.index("q"), VARIABLES.index("td")])
    return refuse(table, humid & (column(table, "pres") < top), "humidity_aloft")


def check_duplicates(table: pa.Table) -> pa.Table:
    """Keep one of the data alike in variable, station, time, place, pressure and height: verdict `duplicate`.

    The one with the best quality mark stays; among equals the first.
    """
    repeated = all_but_best(table, used(table), [level_numbers(table), variable_numbers(table)])
    return refuse(table, repeated, "duplicate")


def first_guess_check(
    table: pa.Table,
    background_equivalent: np.ndarray,
    background_sd: np.ndarray | float,
    factor: float = 4.0,
) -> pa.Table:
    """Refuse data too far from the background.

    |y - H(x_b)| > factor * sqrt(error^2 + background_sd^2)

    Verdict `first_guess`; rows whose equivalent is NaN get `no_equivalent`.

    Args:
        table: the observations; errors must be assigned.
        background_equivalent: H(x_b), a value a row, SI.
        background_sd: standard deviation of the background in observation space, SI.
        factor: how many standard deviations pass.

    Raises:
        ObservationError: the shapes do not fit, or a used row has no error.
    """
    equivalent = np.asarray(background_equivalent, dtype=np.float64)
    if equivalent.shape != (table.num_rows,):
        raise ObservationError(f"background equivalents need shape ({table.num_rows},), not {equivalent.shape}")
    table = refuse(table, np.isnan(equivalent), "no_equivalent")
    error = column(table, "error").astype(np.float64)
    if np.isnan(error[used(table)]).any():
        raise ObservationError("the first-guess check needs errors; call assign_errors first")
    departure = np.abs(column(table, "observation") - equivalent)
    limit = factor * np.sqrt(error**2 + np.asarray(background_sd, dtype=np.float64) ** 2)
    return refuse(table, departure > limit, "first_guess")


def withhold_stations(table: pa.Table, fraction: float, seed: int = 0) -> pa.Table:
    """Withhold whole stations for verification: verdict `withheld`.

    A station's fate depends on its name and the seed only, so it is the same in every cycle and
    every file. Data without a station name are never withheld.

    Raises:
        UserError: `fraction` is not between 0 and 1.
    """
    if not 0.0 <= fraction <= 1.0:
        raise UserError(f"the fraction of withheld stations must be between 0 and 1, not {fraction}")
    names = pc.unique(table["station"]).to_pylist()
    withheld = [name for name in names if name and _draw(name, seed) < fraction]
    mask = pc.is_in(table["station"], pa.array(withheld, pa.string())).to_numpy()
    return refuse(table, mask, "withheld")


def require_used(table: pa.Table) -> pa.Table:
    """Return the table if any row is used.

    Raises:
        ObservationError: none is; the sentence says which check refused how many.
    """
    if used(table).any():
        return table
    if table.num_rows == 0:
        raise ObservationError("no observation is left: the table is empty")
    counts = pc.value_counts(table["verdict"]).to_pylist()
    counts.sort(key=lambda count: -count["counts"])
    reasons = ", ".join(f"{count['values'] or 'unnamed'} {count['counts']}" for count in counts)
    raise ObservationError(f"no observation is left: of {table.num_rows}, refused by check: {reasons}")


def _draw(name: str, seed: int) -> float:
    digest = hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64
