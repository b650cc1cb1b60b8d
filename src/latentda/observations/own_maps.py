"""The column map of a file that needs none: its columns have names that tell what they are (`column_names`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from latentda.observations.column_maps import SHIPPED_MAPS, ColumnMap, Source, column_map
from latentda.observations.column_names import own_columns, spelled
from latentda.observations.table import VARIABLES, ObservationError


def own_map(names: Sequence[str], named: Path) -> ColumnMap:
    """The map of a file that has the table's own column names, in whatever spelling.

    Raises:
        ObservationError: it has not; the message says how to get a map.
    """
    try:
        own = own_columns(names)
    except ObservationError as error:
        text = f"{named} cannot be read without a column map: {error}; {_advice(names, named)}"
        raise ObservationError(text) from error
    if lacking := lacks(own):
        raise ObservationError(
            f"{named} is no observation table: it lacks the column(s) {', '.join(lacking)}, so it needs a column map; "
            f"{_advice(names, named)}; its columns are {', '.join(names)}"
        )
    if "observation" in own:
        own = {name: column for name, column in own.items() if name not in VARIABLES}
    return column_map({name: column if name in ("time", "unit") else Source(column) for name, column in own.items()})


def lacks(own: Mapping[str, str]) -> list[str]:
    """What a table's columns, by the table's names, lack to be observations."""
    lacking = [name for name in ("time", "lat", "lon") if name not in own]
    if not set(own) & {"observation", *VARIABLES}:
        lacking.append("variable and observation (or a variable)" if "variable" not in own else "observation")
    elif "observation" in own and "variable" not in own:
        lacking.append("variable")
    return lacking


def _advice(names: Sequence[str], named: Path) -> str:
    """What to do; where a shipped map fits, its name."""
    for shipped, written in SHIPPED_MAPS.items():
        chosen = column_map(written)
        try:
            spelled([*chosen.text_columns(), *chosen.number_columns()], names)
        except ObservationError:
            continue
        return f"give it --columns {shipped}"
    return f"'latentda observations columns {named}' proposes one, to be edited and given with --columns MAP.yaml"
