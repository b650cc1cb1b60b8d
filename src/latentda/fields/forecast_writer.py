"""Writing of forecasts along start and lead: Zarr v3 as WeatherBench 2 and WeatherBench-X read it.

Dimensions are ``(time, prediction_timedelta, level, latitude, longitude)``, ``time`` the start.

Reference: Rasp et al. (2024), WeatherBench 2, doi 10.1029/2023MS004019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from latentda.fields.error import FieldsError
from latentda.fields.writer import TIME_ENCODING, appended, consolidate, cut, refuse_foreign, to_dataset
from latentda.files import written
from latentda.grid import Layout

LEAD = "prediction_timedelta"


class ForecastWriter:
    """Append the forecasts of one start after the other; what is complete is never half-written.

    Raises:
        FieldsError: the path holds something else, or a store with fewer starts than ``keep``.
    """

    def __init__(self, path: str | Path, layout: Layout, leads: Sequence[int], *, keep: int = 0):
        self.path, self.layout, self.leads, self.written = Path(path), layout, tuple(leads), keep
        if keep:
            with written(self.path):
                cut(self.path, keep)
        else:
            refuse_foreign(self.path)

    def append(
        self, states: Float[ndarray, "lead channel lat lon"], start: Any, attributes: Mapping[str, Any] | None = None
    ) -> None:
        """Write the forecasts of a start, physical units.

        Raises:
            FieldsError: a value that is not finite.
            UserError: no room, or no right to write; what was complete before stays.
        """
        if not np.isfinite(states).all():
            raise FieldsError(f"A forecast from {start} holds NaN: its model has blown up.")
        each = [to_dataset(state[None], self.layout, [start], dict(attributes or {})) for state in states]
        leads = np.array(self.leads, "timedelta64[h]").astype("timedelta64[ns]")
        dataset = xr.concat(each, xr.Variable(LEAD, leads, {"long_name": "lead", "standard_name": "forecast_period"}))
        with written(self.path), appended(self.path, self.written):
            new: dict[str, Any] = {"mode": "w", "zarr_format": 3, "encoding": {"time": TIME_ENCODING}}
            how = {"append_dim": "time"} if self.written else new
            dataset.transpose("time", LEAD, ...).to_zarr(self.path, consolidated=False, **how)
            consolidate(self.path)
        self.written += 1
