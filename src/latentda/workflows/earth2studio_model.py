"""Our analyses as an assimilation model of earth2studio.

    from latentda.workflows.earth2studio_model import Earth2StudioAssimilation

    model = Earth2StudioAssimilation("W", method="latent_3dvar")
    (analysis,) = model(background, observations)

    states = model.create_generator(background)
    next(states)
    for frame in frames:  # an interval of the world apart
        (analysis,) = states.send(frame)

A background is a DataArray ``(time, variable, lat, lon)``, with variables named as in earth2studio: ``t850``, ``msl``.
Observations are its frames, or any other that `read_observations` knows. Nothing of earth2studio is imported: the class
has the methods of its protocol.

Source: NVIDIA, earth2studio 0.19, ``earth2studio.models.da.base.AssimilationModel``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from latentda.forecast import ForecastModel
from latentda.grid import Channel, Layout, PressureLevels, datetime_of_hours
from latentda.observations import VARIABLES
from latentda.observations.parquet_table import table_of
from latentda.user_error import UserError
from latentda.workflows.analyst import Analyst, make_analyst
from latentda.workflows.assimilate import named_model
from latentda.workflows.assimilated import AssimilationSettings
from latentda.workflows.background import State, read_background, require_plausible
from latentda.world import WorldFolder

Coordinates = OrderedDict[str, np.ndarray]
"""Dimensions and their coordinates, or columns of a frame; empty where they may be anything."""


class Earth2StudioAssimilation:
    """An analysis of a world, called as earth2studio calls its own.

    Attributes:
        world: where.
        settings: how.
    """

    def __init__(
        self,
        world: WorldFolder | str | Path,
        *,
        method: str = "latent_3dvar",
        model: ForecastModel | str | None = None,
        settings: AssimilationSettings | None = None,
    ):
        self.world = world if isinstance(world, WorldFolder) else WorldFolder(Path(world))
        self.settings = replace(settings or AssimilationSettings(), method=method)
        self._model = named_model(model, self.world)
        self._names = variable_names(self.world.layout)

    def init_coords(self) -> tuple[Coordinates]:
        """What the background of a generator is."""
        grid = self.world.layout.grid
        axes = {"lat": np.asarray(grid.latitude), "lon": np.asarray(grid.longitude)}
        names = {"time": np.empty(0, "datetime64[ns]"), "variable": np.array(self._names)}
        return (OrderedDict(names | axes),)

    def input_coords(self) -> tuple[Coordinates, Coordinates]:
        """What a background and a frame of observations are."""
        frame = {"time": np.empty(0, "datetime64[ns]")}
        frame |= {name: np.empty(0, np.float32) for name in ("lat", "lon", "pres", "elev", "station_elev")}
        frame |= {"observation": np.empty(0, np.float32), "variable": np.array(VARIABLES)}
        return (*self.init_coords(), OrderedDict(frame))

    def output_coords(
        self, input_coords: tuple[Coordinates, ...], request_time: np.ndarray | None = None, **_: Any
    ) -> tuple[Coordinates]:
        """What an analysis is: the world's grid and variables, at the times that are asked for."""
        (coordinates,) = self.init_coords()
        times = input_coords[0].get("time", coordinates["time"]) if request_time is None else np.asarray(request_time)
        return (OrderedDict(coordinates | {"time": times}),)

    def to(self, device: Any) -> Earth2StudioAssimilation:
        """The model itself: JAX places its arrays."""
        return self

    def __call__(self, *args: pd.DataFrame | xr.DataArray | None) -> tuple[xr.DataArray]:
        """The analyses of backgrounds, each with the observations of its time.

        Args:
            *args: the background at one or several times, and the observations of all, None where there are none.

        Raises:
            UserError: anything that is wrong with what was given.
        """
        background, frame = _background_and_frame(args)
        times = np.atleast_1d(background["time"].values)
        states = [self._state(background, time) for time in times]
        return (self._array([self._analysed(state, frame) for state in states]),)

    def create_generator(self, *args: pd.DataFrame | xr.DataArray) -> Generator[tuple[xr.DataArray], Any, None]:
        """Yields the background, then for every frame that is sent the analysis, each an interval after the other.

        Args:
            *args: the background of the first analysis.
        """
        background, _ = _background_and_frame(args)
        state = self._state(background, np.atleast_1d(background["time"].values)[0])
        sent = yield (self._array([state]),)
        while True:
            state = self._analysed(state, sent[0] if isinstance(sent, tuple) else sent)
            sent = yield (self._array([state]),)
            state = self._forecast(state)

    @cached_property
    def _analyst(self) -> Analyst:
        return make_analyst(self.world, self.settings, self._model)

    def _analysed(self, state: State, frame: pd.DataFrame | None) -> State:
        if frame is None or len(frame) == 0:
            return state
        done = self._analyst.analyse(state, table_of(frame))
        return State(done.analysis[0], state.hours, "an analysis")

    def _forecast(self, state: State) -> State:
        model, hours = self._model or self.world.model, self.world.settings.interval_hours
        values = np.asarray(model.propagate(state.values, np.int32(state.hours), (hours,))[0])
        return State(values, state.hours + hours, "a forecast")

    def _state(self, background: xr.DataArray, time: np.datetime64) -> State:
        state = read_background(dataset_of(background, self.world.layout), self.world.layout, time)
        require_plausible(state, self.world.standardizer)
        return state

    def _array(self, states: list[State]) -> xr.DataArray:
        times = np.array([datetime_of_hours(state.hours) for state in states], "datetime64[ns]")
        coordinates = self.init_coords()[0] | {"time": times}
        return xr.DataArray(np.stack([state.values for state in states]), coordinates, list(coordinates))


def variable_names(layout: Layout) -> list[str]:
    """What earth2studio calls the channels of a layout.

    Raises:
        UserError: the layout has levels that are no pressures.
    """
    if layout.vertical.levels and not isinstance(layout.vertical, PressureLevels):
        raise UserError("earth2studio names variables by pressure; the world has other levels.")
    return [_name(one) for one in layout.channels]


def dataset_of(array: xr.DataArray, layout: Layout) -> xr.Dataset:
    """A DataArray of earth2studio as the dataset of a state, with a variable a quantity.

    Raises:
        UserError: it lacks a dimension or a variable.
    """
    lacking = [name for name in ("time", "variable", "lat", "lon") if name not in array.dims]
    there = array["variable"].values.tolist() if "variable" not in lacking else []
    lacking += [name for name in variable_names(layout) if there and name not in there]
    if lacking:
        raise UserError(f"The background lacks {', '.join(lacking)}; wanted are (time, variable, lat, lon).")
    found = {}
    for short in layout.variables:
        channels = [one for one in layout.channels if one.short == short]
        fields = array.sel(variable=[_name(one) for one in channels]).rename(lat="latitude", lon="longitude")
        levels = [one.level for one in channels]
        stored = channels[0].variable.stored
        if levels == [None]:
            found[stored] = fields.isel(variable=0, drop=True)
        else:
            found[stored] = fields.assign_coords(variable=levels).rename(variable="level")
    return xr.Dataset(found)


def _name(channel: Channel) -> str:
    return channel.short if channel.level is None else f"{channel.short}{channel.level:g}"


def _background_and_frame(args: tuple[Any, ...]) -> tuple[xr.DataArray, Any]:
    """The background and the observations of what was given, in whatever order.

    Raises:
        UserError: there is no background.
    """
    fields = [one for one in args if isinstance(one, xr.DataArray)]
    frames = [one for one in args if one is not None and not isinstance(one, xr.DataArray)]
    if len(fields) != 1 or len(frames) > 1:
        raise UserError("An analysis needs one background, a DataArray, and at most one frame of observations.")
    return fields[0], frames[0] if frames else None
