"""Names of columns as files spell them, and which column of the observation table each is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from latentda.observations.table import SCHEMA, VARIABLES, ObservationError

_ALSO = {
    "time": ("datetime", "date_time", "timestamp"),
    "lat": ("latitude",),
    "lon": ("longitude", "long", "lng"),
    "elev": ("elevation", "station_elevation"),
    "pres": ("pressure", "air_pressure"),
    "observation": ("value", "obs_value", "observed_value"),
    "error": ("obs_error", "observation_error"),
    "station": ("station_id",),
}
_OWN = {name: name for name in (*SCHEMA.names, *VARIABLES)}
_OWN |= {other: name for name, others in _ALSO.items() for other in others}


def folded(name: str) -> str:
    """A name without capitals, quotes, blanks around it, and a byte-order mark before it."""
    return name.strip("\ufeff \t\r\n\"'").casefold()


def own_columns(names: Sequence[str]) -> dict[str, str]:
    """The file's columns by the table's names, as far as they have one.

    The table's own spelling goes before another.

    Raises:
        ObservationError: two columns have other spellings of one name.
    """
    found = {name: name for name in names if name in SCHEMA.names or name in VARIABLES}
    others: dict[str, list[str]] = {}
    for name in names:
        if (own := _OWN.get(folded(name))) and own not in found:
            others.setdefault(own, []).append(name)
    for own, several in others.items():
        if len(several) > 1:
            raise ObservationError(
                f"the columns {' and '.join(several)} may both be {own}; a column map must say which it is"
            )
    return found | {own: several[0] for own, several in others.items()}


def spelled(wanted: Iterable[str], names: Sequence[str]) -> dict[str, str]:
    """The file's spelling of each wanted column.

    Raises:
        ObservationError: the file has no such column, or it has it twice.
    """
    wanted = list(dict.fromkeys(wanted))
    by_fold: dict[str, list[str]] = {}
    for name in names:
        by_fold.setdefault(folded(name), []).append(name)
    found = {name: name if name in names else by_fold.get(folded(name), [""])[0] for name in wanted}
    if lacking := [name for name in wanted if not found[name]]:
        has = ", ".join(repr(name) for name in names)
        raise ObservationError(f"it has no column {', '.join(map(repr, lacking))}; its columns are {has}")
    if twice := sorted({name for name in found.values() if list(names).count(name) > 1}):
        raise ObservationError(f"it has the column {twice[0]!r} twice")
    return found
