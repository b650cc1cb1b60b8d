"""Reports of a user, to be analysed each on its own: those of the background's time that it has an equivalent of."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from latentda.assimilation.intake import Intake
from latentda.experiments.single.analysis import SingleAnalyst
from latentda.experiments.single.background import Background
from latentda.experiments.single.observation import SingleAnalysis, SingleObservation
from latentda.grid import datetime_of_hours, iso, variable
from latentda.observations import (
    ErrorTable,
    ObservationError,
    assign_errors,
    check_window,
    column,
    replace_errors,
    select,
    used,
)
from latentda.physics.thermodynamics import standard_atmosphere_pressure
from latentda.world import WorldFolder

MOST = 50
"""Data of a file: each is analysed and drawn."""


class SingleReports:
    """The data of a table that can be analysed one by one.

    Attributes:
        table: a row a datum, with errors.
        background: x_b.
        intake: of the world, with its orography.
    """

    def __init__(
        self, table: pa.Table, background: Background, world: WorldFolder, errors: ErrorTable | None = None
    ):  # fmt: skip
        """Choose them.

        Args:
            table: reports.
            background: x_b.
            world: where.
            errors: of observations, before those of the files and the default ones.

        Raises:
            ObservationError: there is none, or more than :data:`MOST`.
        """
        self.background = background
        self.intake = Intake(world.layout, world.orography())
        self.table = self._chosen(table, world.settings.interval_hours / 2, errors)

    def __len__(self) -> int:
        return self.table.num_rows

    def analyses(self, analyst: SingleAnalyst) -> Iterator[list[SingleAnalysis]]:
        """One of each method, datum by datum."""
        equivalents = self.intake.equivalents(self.table, self.background.state)
        for row, equivalent in enumerate(equivalents):
            one = self.table.slice(row, 1)
            yield list(analyst.analyses(_observation(one, float(equivalent)), one, self.intake))

    def _chosen(self, table: pa.Table, reach: float, errors: ErrorTable | None) -> pa.Table:
        when = datetime_of_hours(self.background.hours)
        span = np.timedelta64(round(3600 * reach), "s")
        timely = check_window(table, when - span, when + span)
        timely = select(timely, used(timely))
        if not timely.num_rows:
            raise ObservationError(
                f"None of the {table.num_rows} data is usable and within {reach:g} h of the background, "
                f"{iso(when)}; its time is chosen with --date."
            )
        if timely.num_rows > MOST:
            raise ObservationError(
                f"{timely.num_rows} data are of the background's time, and each is analysed and drawn on its own: "
                f"choose at most {MOST} of them, or analyse all together with 'latentda assimilate'."
            )
        ready = assign_errors(replace_errors(timely, errors) if errors else timely)
        known = np.isfinite(self.intake.equivalents(ready, self.background.state)) & used(ready)
        if not known.any():
            raise ObservationError(
                f"The background has an equivalent of none of the {len(known)} data: its states hold "
                f"{', '.join(self.intake.layout.variables)}, and below its ground, above its top and off its grid it "
                "has none."
            )
        if not known.all():
            warnings.warn(
                f"{np.sum(~known)} of {len(known)} data have no equivalent in the background, or no error, and are "
                "left out.",
                UserWarning,
                stacklevel=3,
            )
        return select(ready, known)


def _observation(row: pa.Table, equivalent: float) -> SingleObservation:
    def of(name: str) -> float:
        return float(column(row, name)[0])

    name = str(column(row, "variable")[0])
    level = None
    if variable(name).has_levels:
        pressure = of("pres")
        # Of data that are placed by their height only the name of the level is made of it.
        pressure = pressure if np.isfinite(pressure) else float(standard_atmosphere_pressure(np.asarray(of("height"))))
        level = round(1e-2 * pressure, 1) if np.isfinite(pressure) else None
    departure = of("observation") - equivalent
    return SingleObservation(name, of("lat"), of("lon"), departure, of("error"), level, str(column(row, "station")[0]))
