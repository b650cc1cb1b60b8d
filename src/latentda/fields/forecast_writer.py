"""Forecasts on disk: ``(time, prediction_timedelta)``, as WeatherBench 2 keeps them and WeatherBench-X opens them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from latentda.fields.error import FieldsError
from latentda.fields.writer import append, go_on, to_dataset
from latentda.files import whole
from latentda.grid import Layout


def forecast_dataset(
    states: Float[ndarray, "time lead channel lat lon"],
    layout: Layout,
    times: Sequence[Any] | ndarray,
    lead_hours: Sequence[int],
    attributes: dict[str, Any] | None = None,
) -> xr.Dataset:
    """Forecasts as a WeatherBench 2 dataset.

    Args:
        states: physical units.
        layout: of the states.
        times: when the forecasts start.
        lead_hours: increasing lead times (h).
        attributes: of the dataset.

    Raises:
        FieldsError: shapes that differ from those of times, leads and layout.
    """
    if states.shape[:2] != (len(times), len(lead_hours)):
        raise FieldsError(f"Forecasts from {len(times)} times to {len(lead_hours)} leads were wanted.")
    leads = np.array(lead_hours, "timedelta64[h]").astype("timedelta64[ns]")
    along = xr.Variable("prediction_timedelta", leads, {"standard_name": "forecast_period", "long_name": "lead time"})
    found = [to_dataset(states[:, lead], layout, times, attributes) for lead in range(len(lead_hours))]
    dims = ("time", "prediction_timedelta", "level", "latitude", "longitude")
    dataset = xr.concat(found, along, combine_attrs="override").transpose(*dims, missing_dims="ignore")
    dataset["time"].attrs["standard_name"] = "forecast_reference_time"
    return dataset


def write_forecasts(dataset: xr.Dataset, path: str | Path) -> None:
    """Write forecasts to a Zarr store, whole or not at all.

    Raises:
        UserError: no room, or no right to write.
    """
    with whole(path) as partial:
        append(dataset, partial, 0)


class ForecastWriter:
    """Append forecasts, those of a few starts at once; what is complete is never half-written.

    Raises:
        FieldsError: the path holds something else, or a store with fewer starts than ``keep``.
    """

    def __init__(self, path: str | Path, layout: Layout, leads: Sequence[int], *, keep: int = 0):
        self.path, self.layout, self.leads, self.written = Path(path), layout, tuple(leads), keep
        go_on(self.path, keep)

    def append(
        self,
        states: Float[ndarray, "start lead channel lat lon"],
        starts: Sequence[Any] | ndarray,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the forecasts of the next starts, physical units.

        Raises:
            FieldsError: a value that is not finite.
            UserError: no room, or no right to write; what was complete before stays.
        """
        if not np.isfinite(states).all():
            raise FieldsError(f"A forecast from {starts[0]} or soon after holds NaN: its model has blown up.")
        dataset = forecast_dataset(states, self.layout, starts, self.leads, dict(attributes or {}))
        append(dataset, self.path, self.written)
        self.written += len(starts)
