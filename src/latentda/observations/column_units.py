"""Units of a file's columns, and how they become those of the observation table."""

from __future__ import annotations

from latentda.grid.units import Conversion, conversion
from latentda.observations.table import ObservationError
from latentda.user_error import UserError

_TABLE_UNITS = {
    "K": ("t", "tv", "td", "t2m", "d2m"),
    "kg/kg": ("q", "q2m"),
    "m/s": ("u", "v", "ws", "u10m", "v10m", "ws10m", "wind", "wind10m"),
    "m2/s2": ("z",),
    "1": ("n", "type", "quality", "obs_id"),
    "Pa": ("pres", "sp", "msl"),
    "kg/m2": ("tcwv",),
    "m": ("elev", "height"),
    "degrees": ("lat", "lon", "direction"),
}
_OF_COLUMN = {name: (unit,) for unit, names in _TABLE_UNITS.items() for name in names}
_ANY = tuple(_TABLE_UNITS)


def to_table_unit(name: str, unit: str) -> Conversion:
    """How a column of the file in a unit becomes a column or variable of the table.

    What `observation` and `error` are, their rows say; their unit becomes the SI unit of its own kind, of an error
    without the zero of a scale of temperature.

    Raises:
        ObservationError: the unit is unknown, or of another kind.
    """
    if not unit.strip():
        return Conversion()
    for wanted in _OF_COLUMN.get(name, _ANY):
        try:
            found = conversion(unit, wanted)
        except UserError as error:
            reason = str(error)
        else:
            return Conversion(found.scale) if name == "error" else found
    raise ObservationError(f"a column map gives {name} in the wrong or unknown unit {unit}: {reason}")
