"""A sample of a user's own data and a world made of it, small enough for tests, shared by those of the door."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from latentda.experiments.sample.files import SampleSettings, write_sample
from latentda.experiments.sample.layouts import sample_layout
from latentda.grid import PressureLevels, build_layout
from latentda.workflows.create_world import create_world
from latentda.workflows.estimate import make_background_errors
from latentda.workflows.forecast_pairs import make_forecast_pairs
from latentda.world import WorldFolder

LEVELS = (250.0, 500.0, 850.0, 1000.0)
CASE = "2019-02-05T00"


def small_layout():
    grid = sample_layout(8, 16).grid
    on_levels = {name: LEVELS for name in ("z", "t", "u", "v", "q")}
    return build_layout(grid, PressureLevels(LEVELS), on_levels, ("msl", "t2m", "u10m", "v10m"))


@cache
def sample() -> Path:
    """The files."""
    folder = Path(mkdtemp(prefix="latentda-sample-")) / "s"
    write_sample(folder, small_layout(), SampleSettings(days=35, soundings=40, surface=60))
    return folder


@cache
def world() -> WorldFolder:
    """A world of them, with a background error of model space."""
    files = sample()
    made = create_world(files / "W", files / "era5.zarr", orography=files / "static.nc", annual=0, diurnal=0)
    folder = WorldFolder(made.folder)
    pairs = make_forecast_pairs(files / "forecasts.zarr", folder)
    make_background_errors(pairs.file, folder, space="model")
    return folder


def settings(**changes):
    from latentda.workflows.assimilated import AssimilationSettings

    return replace(AssimilationSettings("3dvar", iterations=20, outer_loops=1), **changes)
