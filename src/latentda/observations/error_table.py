"""Observation errors of the rows of a table: assigned, and inflated for representativeness.

    error^2  =  instrument^2 + representativeness^2

An error that a file brings is the producing centre's and stays, unless the user's own table replaces it; the default
table of errors fills the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from latentda.observations.default_errors import default_error_table
from latentda.observations.error_profiles import TEMPERATURE_OF, ErrorProfile, ErrorTable
from latentda.observations.quality import PHYSICAL_RANGES
from latentda.observations.soundings import group_numbers, level_numbers, variable_numbers
from latentda.observations.table import SCHEMA, SURFACE_VARIABLES, VARIABLES, column

__all__ = ["ErrorProfile", "ErrorTable", "assign_errors", "default_error_table", "inflate", "replace_errors"]


def assign_errors(table: pa.Table, error_table: ErrorTable | None = None) -> pa.Table:
    """Fill the null entries of `error`; errors already there stay.

    Kinds of data the error table does not know stay null.
    """
    error = column(table, "error").astype(np.float64)
    missing = np.isnan(error)
    if not missing.any():
        return table
    error[missing] = _looked_up(table, error_table or default_error_table(), missing)[missing]
    return _with_error(table, error)


def replace_errors(table: pa.Table, error_table: ErrorTable) -> pa.Table:
    """Give all data the errors of a table, also those that have one; kinds it does not know keep theirs."""
    found = _looked_up(table, error_table, np.ones(table.num_rows, dtype=bool))
    error = column(table, "error").astype(np.float64)
    return _with_error(table, np.where(np.isnan(found), error, found))


def inflate(table: pa.Table, representativeness: ErrorTable, rows: np.ndarray | None = None) -> pa.Table:
    """Add the error of representativeness, in squares, to the errors of the table.

    Args:
        table: observations with errors; null errors stay null.
        representativeness: what a model of some resolution cannot show, by variable, kind and pressure; data it does
            not know keep their errors. Entries of humidity are fractions of saturation, of n fractions of n.
        rows: true for the data whose errors grow; None: all.
    """
    rows = np.ones(table.num_rows, dtype=bool) if rows is None else rows
    added = _looked_up(table, representativeness, rows)
    error = np.hypot(column(table, "error").astype(np.float64), np.nan_to_num(added))
    return _with_error(table, error)


def _looked_up(table: pa.Table, errors: ErrorTable, wanted: np.ndarray) -> np.ndarray:
    """The error table's entry for each wanted row, NaN where there is none."""
    found = np.full(table.num_rows, np.nan)
    pressure, value = column(table, "pres").astype(np.float64), column(table, "observation").astype(np.float64)
    height = column(table, "height").astype(np.float64)
    temperature = _temperatures(table, wanted)
    for rows, name, message_class, report_type in _kinds(table, wanted):
        where = np.full(len(rows), np.nan) if name in SURFACE_VARIABLES else height[rows]
        found[rows] = errors.error(
            name,
            message_class,
            pressure[rows],
            temperature[rows],
            height=where,
            value=value[rows],
            report_type=report_type,
        )
    return found


def _kinds(table: pa.Table, wanted: np.ndarray) -> Iterator[tuple[np.ndarray, str, str, int]]:
    """Rows, variable, class and type of each kind of report among the wanted rows."""
    classes = table["class"].combine_chunks().dictionary_encode()
    variable, kind, report_type = variable_numbers(table), classes.indices.to_numpy(), column(table, "type")
    rows = np.flatnonzero(wanted)
    numbers = group_numbers([variable[rows], kind[rows], report_type[rows]])
    rows = rows[np.argsort(numbers, kind="stable")]
    for part in np.split(rows, np.cumsum(np.bincount(numbers))[:-1] if len(rows) else []):
        if len(part):
            first = part[0]
            name = VARIABLES[variable[first]]
            yield part, name, classes.dictionary[int(kind[first])].as_py(), int(report_type[first])


def _temperatures(table: pa.Table, wanted: np.ndarray) -> np.ndarray:
    """For each humidity row the temperature on the same level, NaN if none.

    One that cannot be, such as one in degrees Celsius, is none: its saturation would make an absurd error.
    """
    variable = variable_numbers(table)
    humid = wanted & np.isin(variable, [VARIABLES.index(name) for name in TEMPERATURE_OF])
    temperature = np.full(table.num_rows, np.nan)
    if not humid.any():
        return temperature
    level = level_numbers(table)
    values = column(table, "observation").astype(np.float64)
    for name in sorted(set(TEMPERATURE_OF.values())):
        partners = [VARIABLES.index(humidity) for humidity, warm in TEMPERATURE_OF.items() if warm == name]
        low, high = PHYSICAL_RANGES[name]
        warm_rows = (variable == VARIABLES.index(name)) & (values >= low) & (values <= high)
        source, target = np.flatnonzero(warm_rows), humid & np.isin(variable, partners)
        by_level = np.full(level.max() + 1, np.nan)
        by_level[level[source]] = values[source]
        temperature[target] = by_level[level[target]]
    return temperature


def _with_error(table: pa.Table, error: np.ndarray) -> pa.Table:
    values = pa.array(error, from_pandas=True).cast(pa.float32())
    return table.set_column(table.schema.get_field_index("error"), SCHEMA.field("error"), values)
