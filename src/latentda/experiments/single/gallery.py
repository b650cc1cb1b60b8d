"""A gallery of single observations on two days, placed by the weather of each day.

Four cases: the jet, the moist tropics, the foot of the Himalaya, and the deepest low. The two days are states of
the embedded world's imperfect model, so a difference between the rows of a figure is the method's knowledge of
the flow; a static background error gives the same increment on both, but for the place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from numpy import ndarray

from latentda.experiments.single.analysis import single_observation
from latentda.experiments.single.background import Background
from latentda.experiments.single.description import describe
from latentda.experiments.single.observation import SingleAnalysis, SingleObservation
from latentda.experiments.single.results import TABLE, write_table
from latentda.experiments.twin.truth import start_state
from latentda.fields import open_store, read_states, to_dataset, write_netcdf
from latentda.figures.files import save_figure
from latentda.figures.place_maps import IncrementPanel, increment_maps
from latentda.figures.style import shown_units
from latentda.figures.words import channel_words, place_words
from latentda.forecast import ForecastModel
from latentda.grid import Layout, datetime_of_hours, iso
from latentda.methods import METHODS
from latentda.physics.constants import GRAVITY
from latentda.progress import Track, silent
from latentda.user_error import UserError
from latentda.verification import horizontal_gradient
from latentda.world import WorldFolder

DAYS = (5, 20)
"""Days after the world's start state whose weather is shown."""

STEP_HOURS = 120
"""The model is run in steps of this length, so that it is compiled once."""

Place = tuple[float, float]


@dataclass(frozen=True)
class Scene:
    """What places are chosen by.

    Attributes:
        layout: of the states.
        state: the background, physical units.
        mean: the climatological mean of its date.
        surface_geopotential: of the orography (m2 s-2).
    """

    layout: Layout
    state: Float[ndarray, "channel lat lon"]
    mean: Float[ndarray, "channel lat lon"]
    surface_geopotential: Float[ndarray, "lat lon"]

    def nearest(self, short: str, level_hpa: float) -> Float[ndarray, "lat lon"]:
        """A variable on its level nearest to a pressure above sea."""
        levels = np.asarray(self.layout.levels_of(short))
        return self.state[self.layout.indices(short)[np.argmin(np.abs(np.log(1e3 * levels / level_hpa)))]]

    def where_largest(self, score: ndarray, allowed: ndarray) -> Place:
        """The grid point of the largest score among the allowed ones."""
        row, column = np.unravel_index(np.argmax(np.where(allowed, score, -np.inf)), score.shape)
        return float(self.layout.grid.latitude[row]), float(self.layout.grid.longitude[column])

    @property
    def places(self) -> tuple[ndarray, ndarray]:
        """Latitude and longitude of every point."""
        latitude, longitude = np.meshgrid(self.layout.grid.latitude, self.layout.grid.longitude, indexing="ij")
        return latitude, longitude


@dataclass(frozen=True)
class Case:
    """One entry of the gallery; departure and error in SI units."""

    name: str
    title: str
    variable: str
    level_hpa: float | None
    departure: float
    error: float
    place: Callable[[Scene], Place]
    contours: Callable[[Scene], ndarray]
    contour_words: str
    contour_units: str


def strongest_wind(scene: Scene) -> Place:
    """Where the wind near 250 hPa is strongest in middle latitudes."""
    latitude, _ = scene.places
    return scene.where_largest(jet_speed(scene), (np.abs(latitude) > 20.0) & (np.abs(latitude) < 65.0))


def moistest_tropics(scene: Scene) -> Place:
    """The moistest point near 850 hPa within 12 degrees of the equator."""
    latitude, _ = scene.places
    return scene.where_largest(scene.nearest("q", 850.0), np.abs(latitude) < 12.0)


def foot_of_himalaya(scene: Scene) -> Place:
    """The steepest orography of southern Asia over which 700 hPa lies well above the ground."""
    latitude, longitude = scene.places
    slope = np.hypot(*horizontal_gradient(scene.surface_geopotential, scene.layout.grid))
    region = (latitude > 22.0) & (latitude < 40.0) & (longitude > 68.0) & (longitude < 105.0)
    return scene.where_largest(slope, region & (scene.state[scene.layout.index("sp")] > 8.0e4))


def deepest_low(scene: Scene) -> Place:
    """The low over flat ground in middle latitudes that lies deepest under the season's mean."""
    latitude, _ = scene.places
    flat = (np.abs(scene.surface_geopotential) < 1500.0) & (np.abs(latitude) > 30.0) & (np.abs(latitude) < 68.0)
    return scene.where_largest(-pressure_anomaly(scene), flat)


def pressure_anomaly(scene: Scene) -> Float[ndarray, "lat lon"]:
    """Surface pressure minus its climatological mean (Pa)."""
    return (scene.state - scene.mean)[scene.layout.index("sp")]


def jet_speed(scene: Scene) -> Float[ndarray, "lat lon"]:
    """Wind speed (m/s) near 250 hPa."""
    return np.hypot(scene.nearest("u", 250.0), scene.nearest("v", 250.0))


CASES = (
    Case("jet", "in the strongest jet", "u", 250.0, 5.0, 2.0, strongest_wind, jet_speed,
         "wind speed near 250 hPa (m s⁻¹)", "m s-1"),
    Case("tropics", "in the moist tropics", "t", 300.0, 1.0, 1.0, moistest_tropics, lambda s: s.nearest("q", 850.0),
         "specific humidity near 850 hPa (g kg⁻¹)", "kg kg-1"),
    Case("orography", "at the foot of the Himalaya", "t", 700.0, 1.0, 1.0, foot_of_himalaya,
         lambda s: s.surface_geopotential / GRAVITY, "orography (m)", "m"),
    Case("low", "in the deepest low", "sp", None, -200.0, 100.0, deepest_low, pressure_anomaly,
         "surface pressure minus its seasonal mean (hPa)", "Pa"),
)  # fmt: skip
"""The gallery."""


def gallery_backgrounds(
    model: ForecastModel, world: WorldFolder, folder: Path, days: Sequence[int] = DAYS, *, track: Track = silent
) -> list[Background]:
    """States of a run of ``model`` from the world's start, kept in ``folder/backgrounds.nc``.

    Raises:
        UserError: days that are no increasing multiples of five, or a world of another layout or model.
    """
    if world.layout != model.layout:
        raise UserError("The gallery shows states of the world's model; this world is of another layout.")
    if not days or any(day <= 0 or (24 * day) % STEP_HOURS for day in days) or list(days) != sorted(set(days)):
        raise UserError(f"The gallery's days increase in multiples of {STEP_HOURS // 24}; got {tuple(days)}.")
    state, start = start_state(world)
    times = [datetime_of_hours(start + 24 * day) for day in days]
    file = folder / "backgrounds.nc"
    if not file.exists():
        kept: list[ndarray] = []
        count = 24 * days[-1] // STEP_HOURS
        for k in track(range(count), "weather of the two days", count):
            state = np.asarray(model.propagate(state, np.int32(start + STEP_HOURS * k), (STEP_HOURS,))[0])
            if STEP_HOURS * (k + 1) in [24 * day for day in days]:
                kept.append(state)
        folder.mkdir(parents=True, exist_ok=True)
        write_netcdf(to_dataset(np.stack(kept), model.layout, times), file)
    states = read_states(open_store(file), model.layout, times)
    return [
        Background(f"the imperfect model after {day} days", start + 24 * day, x)
        for day, x in zip(days, states, strict=True)
    ]


def run_gallery(methods: Sequence[str], world: WorldFolder, folder: Path, *, factor: float = 1.0,
                days: Sequence[int] = DAYS, track: Track = silent) -> list[Path]:  # fmt: skip
    """Every case on every day by every method: ``gallery_CASE.png`` and the table.

    Returns:
        The files, the table last.
    """
    model = world.imperfect_model
    backgrounds = gallery_backgrounds(model, world, folder, days, track=track)
    scenes = [_scene(background, model, world) for background in backgrounds]
    files, rows = [], []
    for case in track(CASES, "gallery", len(CASES)):
        made = [
            single_observation(_observation(case, scene), background, methods, world, factor=factor)
            for scene, background in zip(scenes, backgrounds, strict=True)
        ]
        files.append(save_figure(case_figure(case, scenes, made), folder / f"gallery_{case.name}.png"))
        rows += [{"case": case.name, **describe(one, model.layout)} for row in made for one in row]
    return [*files, write_table(rows, folder / TABLE)]


def case_figure(case: Case, scenes: Sequence[Scene], made: Sequence[Sequence[SingleAnalysis]]) -> Figure:
    """Rows days, columns methods, one colour scale."""
    panels: list[IncrementPanel] = []
    for scene, row in zip(scenes, made, strict=True):
        observation, background = row[0].observation, row[0].background
        channel = row[0].channel
        item = scene.layout.channels[channel]
        place = observation.latitude, observation.longitude
        for one in row:
            title = f"{METHODS[one.method].title}, {iso(datetime_of_hours(background.hours))}, {place_words(*place)}"
            panels.append(
                IncrementPanel(
                    title, one.increment[channel], item.variable.units, place, case.contours(scene), case.contour_units,
                    _case_winds(case, one, scene),
                )
            )  # fmt: skip
    factor, units = shown_units(item.variable.units)
    amount = f"{factor * case.departure:+g}".replace("-", "\N{MINUS SIGN}")
    level = f" at {case.level_hpa:g} hPa" if case.level_hpa else ""
    heading = f"{amount} {units} of {item.variable.title}{level} {case.title}"
    heading += f"\ncolours: increment of {channel_words(item, scene.layout)}; thin lines: {case.contour_words}"
    return increment_maps(panels, scenes[0].layout.grid, columns=len(made[0]), suptitle=heading)


def _case_winds(case: Case, one: SingleAnalysis, scene: Scene) -> ndarray:
    """Wind increments to lay over: at the observed level, or at the lowest for surface pressure."""
    u, v = scene.layout.indices("u"), scene.layout.indices("v")
    if case.level_hpa is None:
        return one.increment[[u[-1], v[-1]]]
    level = scene.layout.channels[one.channel].level
    at = scene.layout.levels_of("u").index(float(level or 0.0))
    return one.increment[[u[at], v[at]]]


def _observation(case: Case, scene: Scene) -> SingleObservation:
    return SingleObservation(case.variable, *case.place(scene), case.departure, case.error, case.level_hpa)


def _scene(background: Background, model: ForecastModel, world: WorldFolder) -> Scene:
    mean = np.asarray(world.standardizer.climatology.mean(np.int32(background.hours)))
    return Scene(model.layout, background.state, mean, world.orography(model))
