"""Diagnosed observation errors as the entries of an error table, written as YAML.

The file is one that :func:`latentda.observations.read_error_table` reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml
from jaxtyping import Float
from numpy import ndarray

from latentda.files import write_text
from latentda.observations import SCHEMA, VARIABLES, ErrorProfile, ErrorTable, assign_errors, column
from latentda.user_error import UserError
from latentda.verification import Departures, DesroziersRow, departures, desroziers, merge_desroziers

FEWEST = 30
"""Data that a layer must have for its error to be told."""

_SMALL = 0.01
_HEAD = """\
# Observation errors diagnosed from departures (Desroziers et al. 2005, doi 10.1256/qj.05.108).
# Pressures in Pa, falling; errors as an error table's profile has them: SI, of humidity the fraction of saturation.
"""


def table_errors(tables: Iterable[pa.Table]) -> list[DesroziersRow]:
    """Desroziers' diagnostics of feedback tables in the units of an error table."""
    return merge_desroziers([desroziers(_in_table_units(table)) for table in tables])


def error_profiles(rows: Sequence[DesroziersRow], fewest: int = FEWEST) -> list[dict[str, Any]]:
    """Profiles by variable and class, from rows in the units of an error table; layers with few data are left out."""
    told = [row for row in rows if row.count >= fewest and row.observation_error > 0.0]
    profiles: list[dict[str, Any]] = []
    for (name, kind), group in groupby(told, lambda row: (row.variable, row.message_class)):
        layers = list(group)
        aloft = [row for row in layers if row.layer is not None] or layers
        pressure = [100.0 * row.layer.level if row.layer else 1e5 for row in aloft]
        error = [float(f"{row.observation_error:.4g}") for row in aloft]
        ErrorProfile(tuple(pressure), tuple(error))
        profiles.append({"variable": name, "class": kind, "pressure": pressure, "error": error})
    return profiles


def write_error_profiles(profiles: Sequence[dict[str, Any]], path: Path) -> Path:
    """Write the YAML file, whole or not at all.

    Raises:
        UserError: no profile.
        UserError: the file cannot be written.
    """
    if not profiles:
        raise UserError(
            f"No layer has {FEWEST} used data with a positive diagnosed error; there is no profile to write."
        )
    told = yaml.safe_dump(list(profiles), sort_keys=False, default_flow_style=None, width=110)
    return write_text(path, _HEAD + told)


def _in_table_units(table: pa.Table) -> Departures:
    data, unit = departures(table), _units(table)
    scaled = {name: getattr(data, name) / unit for name in ("background", "analysis", "error", "background_error")}
    return replace(data, **scaled)


def _units(table: pa.Table) -> Float[ndarray, " datum"]:
    """What an entry of one in an error table means for each datum: its saturation humidity, or one."""
    without = table.set_column(
        table.schema.get_field_index("error"), SCHEMA.field("error"), pa.nulls(table.num_rows, pa.float32())
    )
    # A small entry, as the error of a dew point has a bound.
    profiles = {(name, ""): ErrorProfile((1e5,), (_SMALL,)) for name in VARIABLES}
    return np.asarray(column(assign_errors(without, ErrorTable(profiles)), "error"), np.float64) / _SMALL
