"""One analysis of one's own: a background and reports in, the analysis with everything that tells of it out.

from latentda import World, assimilate

result = assimilate(World("W"), "background.nc", ["soundings.csv", "ships.parquet"])
result.analysis, result.increment, result.feedback
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa
import xarray as xr
from matplotlib.figure import Figure

from latentda.fields import Location
from latentda.forecast import ForecastModel, name_of
from latentda.grid import Time
from latentda.observations import concatenate, read_observations_of_files
from latentda.observations.parquet_table import is_frame, table_of
from latentda.verification.data_impact import DataImpact
from latentda.workflows.analysis_files import Format, datasets, write_assimilated
from latentda.workflows.analyst import make_analyst
from latentda.workflows.assimilated import DEFAULTS, Assimilated, AssimilationSettings
from latentda.workflows.background import read_background, require_plausible
from latentda.workflows.forecast_to_verify import forecast_to_verify
from latentda.workflows.provenance import provenance
from latentda.world import WorldFolder, build_model

Reports: TypeAlias = Path | str | pa.Table | pd.DataFrame | xr.Dataset
"""A file of reports, a table, a data frame, or a dataset that is a table."""


@dataclass(frozen=True, eq=False)
class AnalysisResult:
    """An analysis as datasets and a frame.

    Attributes:
        done: the arrays of it.
        attributes: where it comes from.
    """

    done: Assimilated
    attributes: Mapping[str, str]

    @cached_property
    def _fields(self) -> dict[str, xr.Dataset]:
        return datasets(self.done, self.attributes)

    @property
    def analysis(self) -> xr.Dataset:
        """The analysis, at every slot of a window."""
        return self._fields["analysis"]

    @property
    def background(self) -> xr.Dataset:
        """The background, likewise."""
        return self._fields["background"]

    @property
    def increment(self) -> xr.Dataset:
        """Analysis minus background."""
        return self._fields["increment"]

    @property
    def spread(self) -> xr.Dataset | None:
        """Standard deviation of the analysis error, where it was asked for."""
        return self._fields.get("spread")

    @property
    def members(self) -> xr.Dataset | None:
        """Draws of the analysis along ``number``, where they were asked for."""
        return self._fields.get("members")

    @property
    def feedback(self) -> pd.DataFrame:
        """Every datum of every file with its verdict, O-B, O-A and the errors used; its impact, where asked for."""
        return self.done.feedback.to_pandas()

    @property
    def impact(self) -> DataImpact | None:
        """Of the data on the forecast, summed by class and variable (J/kg), where it was asked for."""
        return self.done.impact

    @property
    def facts(self) -> Mapping[str, Any]:
        """Numbers of data, costs, iterations, how the minimisation ended."""
        return self.done.facts

    def plot(self, variable: str, level: float | None = None) -> Figure:
        """Maps of the analysis and of its increment.

        Args:
            variable: short or stored name.
            level: hPa or sigma, for a variable on levels.

        Raises:
            UserError: the state has no such field.
        """
        from latentda.reports.analysis import state_panels

        return state_panels(self.done, [self.done.layout.index(variable, level)])

    def write(self, folder: str | Path, kind: Format = "nc") -> dict[str, Path]:
        """Write fields, feedback, scores and the report; returns the paths by name.

        Raises:
            UserError: the folder cannot be written to.
        """
        return write_assimilated(self.done, Path(folder), self.attributes, kind)


def assimilate(
    world: WorldFolder | str | Path,
    background: Location | xr.Dataset,
    observations: Reports | Sequence[Reports],
    time: Time | None = None,
    *,
    method: str | None = None,
    model: ForecastModel | str | None = None,
    columns: Any = None,
    settings: AssimilationSettings = DEFAULTS,
) -> AnalysisResult:
    """Combine a background with reports.

    Args:
        world: the world or its folder.
        background: a store or dataset with the state at the time of the analysis, which is the start of a window.
        observations: one or several files, tables or frames.
        time: of the analysis; by default the background's, if it has one time only.
        method: its name; by default that of the settings.
        model: what links the slots of a window, and makes the forecast that data have an impact on; by default the
            world's.
        columns: a column map of CSV, or of frames.
        settings: everything else that an analysis is made by.

    Raises:
        UserError: anything that is wrong with what was given, in one sentence.
    """
    place = world if isinstance(world, WorldFolder) else WorldFolder(Path(world))
    chosen, own = settings if method is None else replace(settings, method=method), named_model(model, place)
    analyst = make_analyst(place, chosen, own)
    state = read_background(background, place.layout, time)
    require_plausible(state, place.standardizer)
    forecast = forecast_to_verify(place, chosen, own, state.hours)
    given = list(observations) if isinstance(observations, list | tuple) else [observations]
    done = analyst.analyse(state, read_reports(given, columns), forecast)
    inputs = [state.source, *(one for one in given if isinstance(one, str | Path))]
    if forecast is not None:
        inputs.append(forecast.truth.source)
        chosen = replace(chosen, impact=forecast.truth.source)
    named = model if isinstance(model, str) else name_of(model) if model else ""
    return AnalysisResult(done, provenance(place, inputs, chosen, named))


def named_model(model: ForecastModel | str | None, world: WorldFolder) -> ForecastModel | None:
    """A model as it is, or by the name that ``world.yaml`` would give it.

    Raises:
        UserError: no such model.
    """
    return build_model(model, world) if isinstance(model, str) else model


def read_reports(observations: Sequence[Reports], columns: Any = None) -> pa.Table:
    """One table of files, tables and frames.

    Raises:
        ObservationError: one of them cannot be read, or nothing is in any.
    """
    paths = [one for one in observations if isinstance(one, str | Path)]
    tables = [table_of(one, columns) for one in observations if is_frame(one)]
    return concatenate([*(read_observations_of_files(paths, columns) if paths else ()), *tables])
