"""Places of observations: a network without values.

`places_to_table` joins places with values (an observation operator applied to a nature run, plus
errors) to an observation table. `networks` builds places.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from latentda.observations.error_table import ErrorTable, default_error_table
from latentda.observations.table import (
    SURFACE_VARIABLES,
    ObservationError,
    as_time64,
    table_from_columns,
)


@dataclass(frozen=True)
class ObservationPlaces:
    """Places of observations, an entry a datum.

    Attributes:
        lat: degrees north.
        lon: degrees east, 0 to 360.
        pres: Pa; NaN for surface variables.
        elev: height of the station, m; NaN where there is none.
        variable: names from `VARIABLES`.
        message_class: NCEP message type the datum would come in, for example ADPUPA.
        error: observation error standard deviation, SI.
        station: station names; the data of one column share one.
    """

    lat: np.ndarray
    lon: np.ndarray
    pres: np.ndarray
    elev: np.ndarray
    variable: np.ndarray
    message_class: np.ndarray
    error: np.ndarray
    station: np.ndarray

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in vars(self).items()}
        if len(set(lengths.values())) > 1:
            raise ObservationError(f"the arrays of a network differ in length: {lengths}")

    def __len__(self) -> int:
        return len(self.lat)


def make_places(
    lat: np.ndarray,
    lon: np.ndarray,
    pres: np.ndarray,
    elev: np.ndarray,
    variable: np.ndarray,
    station: np.ndarray,
    message_class: str,
    error_table: ErrorTable | None = None,
) -> ObservationPlaces:
    """Places of one message class, with errors; surface variables lose their pressure.

    Raises:
        ObservationError: the error table has no error for a variable.
    """
    chosen = error_table or default_error_table()
    pres = np.where(np.isin(variable, SURFACE_VARIABLES), np.nan, pres)
    error = np.full(len(lat), np.nan)
    for name in np.unique(variable.astype(str)):
        rows = variable == name
        error[rows] = chosen.error(name, message_class, pres[rows])
    if np.isnan(error).any():
        lacking = ", ".join(sorted(set(variable[np.isnan(error)])))
        raise ObservationError(f"the error table has no error for {lacking} of {message_class}")
    kind = np.full(len(lat), message_class, dtype=object)
    return ObservationPlaces(lat, np.mod(lon, 360.0), pres, elev, variable, kind, error, station)


def places_to_table(places: ObservationPlaces, values: np.ndarray, time: datetime | np.datetime64) -> pa.Table:
    """The observation table of a network with values; data whose value is NaN are left out.

    Args:
        places: the network.
        values: a value a datum, SI.
        time: UTC time of all data.

    Raises:
        ObservationError: values and places differ in number.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (len(places),):
        raise ObservationError(f"{len(places)} places need as many values, not {values.shape}")
    there = np.isfinite(values)
    count = int(there.sum())
    columns = {name: array[there] for name, array in vars(places).items()}
    columns["class"] = columns.pop("message_class")
    columns["time"] = np.full(count, as_time64(time))
    columns["source"] = np.full(count, "simulated", dtype=object)
    return table_from_columns(columns | {"observation": values[there]}, most_bad=0.0)
