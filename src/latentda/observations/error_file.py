"""Error tables as YAML files: what ``latentda diagnose --errors`` writes, or whoever knows better errors.

A list of profiles, one of each variable and message class, or report type::

    - variable: t
      class: ADPUPA                             # without class and type: every kind of report
      pressure: [100000.0, 85000.0, 70000.0]    # Pa, falling
      error: [1.3, 1.0, 0.9]                    # as in an ErrorProfile: SI, of humidity the fraction of saturation
    - {variable: t, type: 131, pressure: [100000.0], error: [1.2]}

Surface data have one node.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from latentda.observations.error_profiles import ANY_CLASS, ErrorProfile, ErrorTable
from latentda.observations.table import VARIABLES, ObservationError
from latentda.settings import read_yaml, validated


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    variable: str
    message_class: str = Field(ANY_CLASS, alias="class")
    type: int | None = None
    pressure: tuple[float, ...]
    error: tuple[float, ...]


def read_error_table(path: str | Path) -> ErrorTable:
    """The error table of a YAML file.

    Raises:
        ValueError: the file is no such list; the message names the entry.
        ObservationError: a variable that no table has, an entry of class and type both, or two of one kind.
    """
    entries = validated(list[_Entry], read_yaml(path, "a list of observation errors"), f"{path} holds a wrong entry")
    by_class: dict[tuple[str, str], ErrorProfile] = {}
    by_type: dict[tuple[str, int], ErrorProfile] = {}
    for number, entry in enumerate(entries):
        place = f"entry {number} of {path}"
        if entry.variable not in VARIABLES:
            raise ObservationError(f"{place} has the variable {entry.variable}; there are {', '.join(VARIABLES)}")
        if entry.type is not None and entry.message_class:
            raise ObservationError(f"{place} has a class and a type; a profile is of one of them")
        try:
            profile = ErrorProfile(entry.pressure, entry.error)
        except ValueError as error:
            raise ObservationError(f"{place}: {error}") from error
        if entry.type is None:
            earlier = by_class.setdefault((entry.variable, entry.message_class), profile)
        else:
            earlier = by_type.setdefault((entry.variable, entry.type), profile)
        if earlier is not profile:
            raise ObservationError(f"{place} is the second of its variable and kind of report")
    return ErrorTable(by_class, by_type)
