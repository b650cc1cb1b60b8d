"""Reports of the sample: stations that stay where they are see the truth, with errors.

y = H(x) + e,      e ~ N(0, s^2) of the variable's s;      humidity is not negative
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation.intake import Intake
from latentda.files import whole
from latentda.grid import Layout, datetime_of_hours
from latentda.observations import table_from_columns

ERRORS = {"t": 0.8, "u": 1.8, "v": 1.8, "q": 6e-4, "msl": 60.0, "u10m": 1.5, "v10m": 1.5}
"""Standard deviations of the reports' errors, SI."""

SOUNDED_HPA = (925.0, 850.0, 700.0, 500.0, 400.0, 300.0, 250.0, 200.0, 150.0, 100.0)
MOIST_HPA = 300.0
"""Above this level no sounding reports humidity."""


@dataclass(frozen=True, eq=False)
class Stations:
    """Where reports come from, and what they say.

    Attributes:
        layout: of the states.
        surface_geopotential: ``(lat, lon)`` (m2 s-2).
        soundings: number of them at an analysis time.
        surface: number of reports of surface pressure and wind.
        seed: of the places.
    """

    layout: Layout
    surface_geopotential: Float[ndarray, "lat lon"]
    soundings: int
    surface: int
    seed: int

    def sounding_reports(
        self, state: Float[ndarray, "channel lat lon"], hours: int, random: np.random.Generator
    ) -> pa.Table:
        """Temperature, wind and humidity on levels, from a state and its time (h since 1970)."""
        latitude, longitude, station = self._places(self.soundings, "SONDE")
        names = [name for name in ("t", "u", "v", "q") if name in self.layout.variables]
        levels = [p for p in SOUNDED_HPA if min(self.layout.vertical.levels) <= p <= max(self.layout.vertical.levels)]
        rows = [(s, p, name) for s in range(len(station)) for p in levels for name in names]
        rows = [row for row in rows if row[2] != "q" or row[1] >= MOIST_HPA]
        place = np.array([row[0] for row in rows])
        columns = {
            "lat": latitude[place],
            "lon": longitude[place],
            "pres": 100.0 * np.array([row[1] for row in rows]),
            "variable": np.array([row[2] for row in rows], object),
            "class": np.full(len(rows), "ADPUPA", object),
            "station": station[place],
        }
        return self._observed(state, hours, columns, random)

    def surface_reports(
        self, state: Float[ndarray, "channel lat lon"], hours: int, random: np.random.Generator
    ) -> pa.Table:
        """Pressure and wind of ships, from a state and its time (h since 1970)."""
        latitude, longitude, station = self._places(self.surface, "SHIP")
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
        return self._observed(state, hours, columns, random)

    def _places(self, count: int, name: str) -> tuple[ndarray, ndarray, ndarray]:
        """Stations that stay where they are, even over the area of the grid."""
        grid, random = self.layout.grid, np.random.default_rng([self.seed, len(name)])
        south, north = np.sin(np.deg2rad([min(grid.latitude), max(grid.latitude)]))
        latitude = np.rad2deg(np.arcsin(random.uniform(south, north, count)))
        last = grid.longitude[0] + 360.0 if grid.periodic else grid.longitude[-1]
        longitude = random.uniform(grid.longitude[0], last, count) % 360.0
        return latitude, longitude, np.array([f"{name}{k:04d}" for k in range(count)])

    def _observed(
        self, state: ndarray, hours: int, columns: dict[str, ndarray], random: np.random.Generator
    ) -> pa.Table:
        """Equivalents of the truth at the places, with errors; data without an equivalent are not there."""
        count = len(columns["lat"])
        minutes = random.integers(-40, 41, count)
        time = (datetime_of_hours(hours) + minutes.astype("timedelta64[m]")).astype("datetime64[ns]")
        error = np.array([ERRORS[name] for name in columns["variable"]])
        table = table_from_columns({**columns, "time": time, "observation": np.zeros(count), "error": error})
        exact = Intake(self.layout, self.surface_geopotential).equivalents(table, state)
        noisy = exact + error * random.normal(size=count)
        noisy = np.where(columns["variable"] == "q", np.maximum(noisy, 0.0), noisy)
        kept = np.isfinite(noisy)
        some = {name: values[kept] for name, values in {**columns, "time": time, "error": error}.items()}
        return table_from_columns({**some, "observation": noisy[kept]})


def write_csv(table: pa.Table, path: Path) -> Path:
    """Write a table as a user's own CSV has it: the columns that are needed, under usual names."""
    names = {"time": "time", "lat": "latitude", "lon": "longitude", "pres": "pressure", "variable": "variable"}
    names |= {"observation": "value", "error": "error", "class": "class", "station": "station"}
    own = pa.table({theirs: table[ours] for ours, theirs in names.items()})
    with whole(path) as partial:
        pyarrow.csv.write_csv(own, partial)
    return path
