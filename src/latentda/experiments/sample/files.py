"""The files of the sample: fields, forecasts, orography, a background and reports, under the names that a user has.

| file | what |
| --- | --- |
| era5.zarr | states every 6 h |
| truth.zarr | the states from the case on |
| forecasts.zarr | forecasts to 48 h, twice a day, of the last two months |
| static.nc | orography |
| background.nc | a 6 h forecast to the time of the case |
| soundings.csv, surface.parquet | reports around that time, with errors |
| later/*.parquet | reports of the following days, a file an analysis time |

The case and what follows it are not in ``era5.zarr``: no statistic has seen them. They are written in this order, each
whole or not at all.

All follows from the coefficients of the flow, a few kB a time. Those of the last times are kept, from which forecasts
start and which reports see, so that memory does not grow with the number of days.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy import ndarray

from latentda.experiments.sample.atmosphere import Atmosphere
from latentda.experiments.sample.orography import surface_geopotential, write_orography
from latentda.experiments.sample.reports import Stations, write_csv
from latentda.experiments.sample.stores import write_forecasts, write_states
from latentda.fields import to_dataset, write_netcdf
from latentda.grid import Layout, datetime_of_hours, hours_since_1970
from latentda.observations import write_table
from latentda.progress import Track, silent
from latentda.user_error import UserError

LEADS = (6, 12, 24, 36, 48)
LATER_DAYS = 2
FORECAST_STATES = 240
"""States of the end of the period, from every other of which there are forecasts."""

FLOW_ERROR = 1.1
"""The forecast's mean flow over that of the truth."""

ANALYSIS_ERROR = 0.1
"""Of the states that forecasts start from, over the climatological standard deviation."""

Coefficients = tuple[int, ndarray]
"""Hours since 1970, and the coefficients of the flow at that time."""


@dataclass(frozen=True)
class SampleSettings:
    """How large the sample is.

    Attributes:
        days: of states.
        start: first date.
        soundings: number of them at an analysis time.
        surface: number of reports of surface pressure and wind.
        seed: of everything random.
    """

    days: int = 400
    start: str = "2019-01-01"
    soundings: int = 120
    surface: int = 400
    seed: int = 0


def write_sample(
    folder: Path, layout: Layout, settings: SampleSettings = SampleSettings(), *, track: Track = silent
) -> list[Path]:
    """Write the sample into a folder, which must be new or empty.

    Raises:
        UserError: the folder holds something, or the layout is not on pressure levels.
    """
    found = next(folder.iterdir(), None) if folder.exists() else None
    if found is not None:
        raise UserError(f"{folder} is not empty, it holds {found.name}; name a new folder.")
    if layout.vertical.units != "hPa":
        raise UserError("The sample has pressure levels; choose levels in hPa.")
    return _Writer(folder, layout, settings).write(track)


class _Writer:
    def __init__(self, folder: Path, layout: Layout, settings: SampleSettings):
        self.folder, self.layout, self.settings = folder, layout, settings
        self.truth = Atmosphere(layout, min(15, max(3, layout.grid.shape[0] // 2 - 1)))
        self.model = replace(self.truth, mean_flow=FLOW_ERROR * self.truth.mean_flow)
        self.random = np.random.default_rng(settings.seed)
        self.ground = surface_geopotential(layout.grid)

    def write(self, track: Track) -> list[Path]:
        """Truth, forecasts, background and reports, in the order in which they draw random numbers."""
        per_day = 24 // self.truth.step_hours
        count, later = per_day * self.settings.days, per_day * LATER_DAYS + 1
        flow = iter(track(islice(self._flow(), count + later), "states", count + later))
        past: deque[Coefficients] = deque(maxlen=FORECAST_STATES)
        written = [self._states("era5.zarr", islice(flow, count), past)]
        case: deque[Coefficients] = deque(maxlen=later)
        written.append(self._states("truth.zarr", flow, case))
        starts = list(past)[::2]
        forecasts = (self._forecast(*start) for start in track(starts, "forecasts", len(starts)))
        written.append(write_forecasts(self.folder / "forecasts.zarr", self.layout, LEADS, forecasts))
        written.append(write_orography(self.ground, self.layout.grid, self.folder / "static.nc"))
        written.append(self._background(*past[-1]))
        return written + self._reports(case)

    def _flow(self) -> Iterator[Coefficients]:
        """The truth, without end."""
        hours, one = int(hours_since_1970(self.settings.start)), self.truth.noise(self.random)
        while True:
            yield hours, one
            hours, one = hours + self.truth.step_hours, self.truth.forward(one, self.random)

    def _states(self, name: str, flow: Iterable[Coefficients], kept: deque[Coefficients]) -> Path:
        """Write the states of a flow, whose last coefficients are kept."""

        def states() -> Iterator[tuple[int, ndarray]]:
            for hours, one in flow:
                kept.append((hours, one))
                yield hours, self.truth.state(one, hours)

        return write_states(self.folder / name, self.layout, states())

    def _analysed(self, coefficients: ndarray) -> ndarray:
        """A state that errs as an analysis does."""
        return coefficients + ANALYSIS_ERROR * self.truth.noise(self.random)

    def _forecast(self, hours: int, coefficients: ndarray) -> tuple[int, ndarray]:
        """The start, and the states at all leads."""
        step, one, states = self.truth.step_hours, self._analysed(coefficients), []
        for lead in range(step, LEADS[-1] + step, step):
            one = self.model.forward(one)
            if lead in LEADS:
                states.append(self.model.state(one, hours + lead))
        return hours, np.stack(states)

    def _background(self, hours: int, coefficients: ndarray) -> Path:
        """A forecast of one step."""
        path, valid = self.folder / "background.nc", hours + self.truth.step_hours
        state = self.model.state(self.model.forward(self._analysed(coefficients)), valid)
        write_netcdf(to_dataset(state[None], self.layout, [datetime_of_hours(valid)]), path)
        return path

    def _reports(self, flow: Iterable[Coefficients]) -> list[Path]:
        """Those of the case in two files, those of every later time in one."""
        ours = self.settings
        stations = Stations(self.layout, self.ground, ours.soundings, ours.surface, ours.seed)
        written: list[Path] = []
        for hours, one in flow:
            state = self.truth.state(one, hours)
            soundings = stations.sounding_reports(state, hours, self.random)
            surface = stations.surface_reports(state, hours, self.random)
            if not written:
                write_table(surface, self.folder / "surface.parquet")
                written += [write_csv(soundings, self.folder / "soundings.csv"), self.folder / "surface.parquet"]
            else:
                name = str(datetime_of_hours(hours))[:13].replace("-", "").replace("T", "_")
                path = self.folder / "later" / f"reports_{name}.parquet"
                write_table(pa.concat_tables([soundings, surface]), path)
                written.append(path)
        return written
