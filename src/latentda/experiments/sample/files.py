"""The files of the sample: fields, forecasts, orography, a background and reports, under the names that a user has.

| file | what |
| --- | --- |
| era5.zarr | states every 6 h |
| forecasts.zarr | forecasts to 48 h, twice a day, of the last two months |
| static.nc | orography |
| background.nc | a 6 h forecast to the time of the case |
| soundings.csv, surface.parquet | reports around that time, with errors |
| later/*.parquet | reports of the following days, a file an analysis time |
| truth.zarr | the states from the case on |

The case and what follows it are not in ``era5.zarr``: no statistic has seen them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation.intake import Intake
from latentda.experiments.sample.atmosphere import Atmosphere
from latentda.fields import forecast_dataset, to_dataset, write_forecasts, write_netcdf
from latentda.fields.writer import consolidate
from latentda.files import whole
from latentda.grid import Layout, datetime_of_hours, hours_since_1970
from latentda.observations import table_from_columns, write_table
from latentda.physics.constants import GRAVITY
from latentda.progress import Track, silent
from latentda.user_error import UserError

ERRORS = {"t": 0.8, "u": 1.8, "v": 1.8, "q": 6e-4, "msl": 60.0, "u10m": 1.5, "v10m": 1.5}
"""Standard deviations of the reports' errors, SI."""

SOUNDED_HPA = (925.0, 850.0, 700.0, 500.0, 400.0, 300.0, 250.0, 200.0, 150.0, 100.0)
LEADS = (6, 12, 24, 36, 48)
LATER_DAYS = 2
FORECAST_STATES = 240
"""States of the end of the period, from every other of which there are forecasts."""

FLOW_ERROR = 1.1
"""The forecast's mean flow over that of the truth."""

ANALYSIS_ERROR = 0.1
"""Of the states that forecasts start from, over the climatological standard deviation."""


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
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty; name a new folder.")
    if layout.vertical.units != "hPa":
        raise UserError("The sample has pressure levels; choose levels in hPa.")
    return _Writer(folder, layout, settings).write(track)


class _Writer:
    def __init__(self, folder: Path, layout: Layout, settings: SampleSettings):
        self.folder, self.layout, self.settings = folder, layout, settings
        self.truth = Atmosphere(layout, min(15, max(3, layout.grid.shape[0] // 2 - 1)))
        self.model = replace(self.truth, mean_flow=FLOW_ERROR * self.truth.mean_flow)
        self.start = int(hours_since_1970(settings.start))
        self.random = np.random.default_rng(settings.seed)
        self.surface = _mountains(layout)

    def write(self, track: Track) -> list[Path]:
        """Truth, forecasts, background and reports, in this order."""
        step, count = self.truth.step_hours, 24 * self.settings.days // self.truth.step_hours
        later = 24 * LATER_DAYS // step
        every = np.arange(count + 1 + later)
        times = [datetime_of_hours(self.start + step * int(k)) for k in every]
        coefficients = self._coefficients(len(every))
        hours = [self.start + step * int(k) for k in every]
        states = np.stack([
            self.truth.state(one, h) for one, h in zip(track(coefficients, "states", len(every)), hours, strict=True)
        ])  # fmt: skip
        written = [self._store("era5.zarr", states[:count], times[:count])]
        written.append(self._store("truth.zarr", states[count:], times[count:]))
        written.append(self._forecasts(coefficients[:count]))
        written.append(self._orography())
        case = self.model.forward(self._analysed(coefficients[count - 1]))
        background = to_dataset(self.model.state(case, hours[count])[None], self.layout, times[count : count + 1])
        write_netcdf(background, self.folder / "background.nc")
        written.append(self.folder / "background.nc")
        return written + self._reports(states[count:], hours[count:])

    def _coefficients(self, count: int) -> list[ndarray]:
        one = self.truth.noise(self.random)
        found = [one]
        for _ in range(count - 1):
            one = self.truth.forward(one, self.random)
            found.append(one)
        return found

    def _analysed(self, coefficients: ndarray) -> ndarray:
        """A state that errs as an analysis does."""
        return coefficients + ANALYSIS_ERROR * self.truth.noise(self.random)

    def _store(self, name: str, states: ndarray, times: list[np.datetime64]) -> Path:
        path = self.folder / name
        with whole(path) as partial:
            to_dataset(states, self.layout, times).to_zarr(partial, mode="w", zarr_format=3, consolidated=False)
            consolidate(partial)
        return path

    def _forecasts(self, coefficients: list[ndarray]) -> Path:
        """Forecasts along ``prediction_timedelta``, as WeatherBench 2 has them."""
        step, chosen = self.truth.step_hours, range(max(0, len(coefficients) - FORECAST_STATES), len(coefficients), 2)
        starts, states = [], []
        for k in chosen:
            one, hours = self._analysed(coefficients[k]), self.start + step * k
            leads = []
            for lead in range(step, LEADS[-1] + step, step):
                one = self.model.forward(one)
                if lead in LEADS:
                    leads.append(self.model.state(one, hours + lead))
            starts.append(datetime_of_hours(hours))
            states.append(np.stack(leads))
        path = self.folder / "forecasts.zarr"
        write_forecasts(forecast_dataset(np.stack(states), self.layout, starts, LEADS), path)
        return path

    def _orography(self) -> Path:
        path, grid = self.folder / "static.nc", self.layout.grid
        heights = xr.DataArray(
            (self.surface / GRAVITY).astype(np.float32),
            coords={"latitude": np.asarray(grid.latitude), "longitude": np.asarray(grid.longitude)},
            attrs={"units": "m", "standard_name": "surface_altitude"},
        )
        write_netcdf(heights.to_dataset(name="orography"), path)
        return path

    def _reports(self, states: Float[ndarray, "time channel lat lon"], hours: list[int]) -> list[Path]:
        written: list[Path] = []
        for state, when in zip(states, hours, strict=True):
            soundings, surface = self._soundings(state, when), self._surface_reports(state, when)
            if when == hours[0]:
                written += [_csv(soundings, self.folder / "soundings.csv")]
                write_table(surface, self.folder / "surface.parquet")
                written.append(self.folder / "surface.parquet")
            else:
                name = str(datetime_of_hours(when))[:13].replace("-", "").replace("T", "_")
                path = self.folder / "later" / f"reports_{name}.parquet"
                write_table(pa.concat_tables([soundings, surface]), path)
                written.append(path)
        return written

    def _places(self, count: int, name: str) -> tuple[ndarray, ndarray, ndarray]:
        """Stations that stay where they are, even over the area of the grid."""
        grid, random = self.layout.grid, np.random.default_rng([self.settings.seed, len(name)])
        south, north = np.sin(np.deg2rad([min(grid.latitude), max(grid.latitude)]))
        latitude = np.rad2deg(np.arcsin(random.uniform(south, north, count)))
        last = grid.longitude[0] + 360.0 if grid.periodic else grid.longitude[-1]
        longitude = random.uniform(grid.longitude[0], last, count) % 360.0
        return latitude, longitude, np.array([f"{name}{k:04d}" for k in range(count)])

    def _soundings(self, state: ndarray, hours: int) -> pa.Table:
        latitude, longitude, station = self._places(self.settings.soundings, "SONDE")
        names = [name for name in ("t", "u", "v", "q") if name in self.layout.variables]
        levels = [p for p in SOUNDED_HPA if min(self.layout.vertical.levels) <= p <= max(self.layout.vertical.levels)]
        rows = [(s, p, name) for s in range(len(station)) for p in levels for name in names]
        rows = [row for row in rows if row[2] != "q" or row[1] >= 300.0]
        place = np.array([row[0] for row in rows])
        columns = {
            "lat": latitude[place],
            "lon": longitude[place],
            "pres": 100.0 * np.array([row[1] for row in rows]),
            "variable": np.array([row[2] for row in rows], object),
            "class": np.full(len(rows), "ADPUPA", object),
            "station": station[place],
        }
        return self._observed(state, hours, columns)

    def _surface_reports(self, state: ndarray, hours: int) -> pa.Table:
        latitude, longitude, station = self._places(self.settings.surface, "SHIP")
        names = [name for name in ("msl", "u10m", "v10m") if name in self.layout.variables]
        place = np.repeat(np.arange(len(station)), len(names))
        columns = {
            "lat": latitude[place],
            "lon": longitude[place],
            "elev": np.zeros(len(place)),
            "variable": np.array(names * len(station), object),
            "class": np.full(len(place), "SFCSHP", object),
            "station": station[place],
        }
        return self._observed(state, hours, columns)

    def _observed(self, state: ndarray, hours: int, columns: dict[str, ndarray]) -> pa.Table:
        """Equivalents of the truth at the places, with errors; data without an equivalent are not there."""
        count = len(columns["lat"])
        minutes = self.random.integers(-40, 41, count)
        time = (datetime_of_hours(hours) + minutes.astype("timedelta64[m]")).astype("datetime64[ns]")
        error = np.array([ERRORS[name] for name in columns["variable"]])
        table = table_from_columns({**columns, "time": time, "observation": np.zeros(count), "error": error})
        exact = Intake(self.layout, self.surface).equivalents(table, state)
        noisy = exact + error * self.random.normal(size=count)
        noisy = np.where(columns["variable"] == "q", np.maximum(noisy, 0.0), noisy)
        kept = np.isfinite(noisy)
        some = {name: values[kept] for name, values in {**columns, "time": time, "error": error}.items()}
        return table_from_columns({**some, "observation": noisy[kept]})


def _csv(table: pa.Table, path: Path) -> Path:
    """A table as a user's own CSV has it: the columns that are needed, under usual names."""
    names = {"time": "time", "lat": "latitude", "lon": "longitude", "pres": "pressure", "variable": "variable"}
    names |= {"observation": "value", "error": "error", "class": "class", "station": "station"}
    own = pa.table({theirs: table[ours] for ours, theirs in names.items()})
    with whole(path) as partial:
        pyarrow.csv.write_csv(own, partial)
    return path


def _mountains(layout: Layout) -> Float[ndarray, "lat lon"]:
    """Geopotential (m2 s-2) of two broad mountain ranges."""
    grid = layout.grid
    latitude, longitude = np.asarray(grid.latitude)[:, None], np.asarray(grid.longitude)[None, :]
    height = np.zeros(grid.shape)
    for north, east, tall in ((35.0, 90.0, 3000.0), (45.0, 250.0, 1500.0)):
        away = ((latitude - north) / 12.0) ** 2 + (((longitude - east + 180.0) % 360.0 - 180.0) / 20.0) ** 2
        height += tall * np.exp(-away)
    return GRAVITY * height
