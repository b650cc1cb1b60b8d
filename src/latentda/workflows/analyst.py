"""Analyses by settings: what one analysis and a cycle of them share.

The data of each slot of the method's window are checked, thinned by the world's grid, screened against the background
and assimilated; every datum is in the feedback, with a verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pyarrow as pa
from numpy import ndarray

from latentda.assimilation import Analysis, AnalysisMethod, Variational, degrees_of_freedom, posterior
from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.intake import Intake
from latentda.cycling import Adapt, Cycler, Observe, WindowAnalysis
from latentda.forecast import ForecastModel, Persistence
from latentda.grid import Layout
from latentda.methods import Options
from latentda.observations import (
    column,
    concatenate,
    replace_errors,
    select,
    used,
    withhold_stations,
)
from latentda.priors import ClimateError, ModelSpacePrior, background_draws, climate_error
from latentda.user_error import UserError
from latentda.verification.data_impact import data_impact
from latentda.workflows.assimilated import Assimilated, AssimilationSettings
from latentda.workflows.background import State
from latentda.workflows.cautions import require_some, warn_of_cut_short, warn_of_refused, warn_of_unexplained
from latentda.workflows.forecast_to_verify import ForecastToVerify
from latentda.workflows.innovations import tuned
from latentda.workflows.preparation import prepare_for, quality_control_for
from latentda.world import World, WorldFolder, world_intake


class Analyst:
    """Makes analyses in a world by settings: what one analysis and a cycle of them share.

    Attributes:
        world: where.
        settings: how.
        model: that links the slots of a window, and forecasts in a cycle.
        intake: screens observations.
        slots: of a window (h).
        method: with the background error's size of the settings, or its own.
        window_hours: data this far from an analysis time count.
        checks: what data go through before they are screened.
    """

    def __init__(self, world: World, settings: AssimilationSettings, model: ForecastModel, intake: Intake):
        self.world, self.settings, self.model, self.intake = world, settings, model, intake
        interval = world.settings.interval_hours
        self.slots = (settings.slots or (0, interval)) if settings.declared.four_d else (0,)
        self._climate = _climate(settings, world.layout)
        self.method = self._method(settings.factor or 1.0)
        self.window_hours = interval / 2 if settings.window_hours is None else settings.window_hours
        self.checks = settings.checks or quality_control_for(world.layout, 2 * self.window_hours)

    def _method(self, factor: float) -> AnalysisMethod:
        settings = self.settings
        options = Options(
            factor,
            settings.iterations,
            settings.outer_loops,
            settings.tolerance,
            self.slots,
            self.model,
            self._climate,
            settings.ensemble,
            settings.localization,
            settings.without_lost,
            settings.seed,
        )
        return settings.declared.build(self.world, options)

    @property
    def cycler(self) -> Cycler:
        """Model, intake and method."""
        return Cycler(self.model, self.intake, self.method, self.settings.offsets)

    def sized(self, cycler: Cycler, table: pa.Table, guess: FirstGuess, hours: int) -> Cycler:
        """The cycler with the background error's size, which it tells as the fact ``factor``.

        Args:
            cycler: of this analyst.
            table: prepared reports, whose innovations tell the factor on its variances where the settings do not.
            guess: the background.
            hours: of the analysis, since 1970.

        Raises:
            UserError: no datum has an equivalent.
        """
        if not self.settings.declared.sized or self.settings.factor is not None or not used(table).any():
            return replace(cycler, facts={"factor": self.settings.factor or 1.0})
        factor, intake = tuned(self.intake, table, guess, hours)
        return replace(cycler, intake=intake, method=self._method(factor), facts={"factor": factor})

    def adapting(self, observe: Observe) -> Adapt:
        """What gives every window of a cycle its size of the background error.

        Args:
            observe: the prepared reports of a time.
        """
        return lambda cycler, guess, hours: self.sized(cycler, observe(hours), guess, hours)

    def prepared(self, table: pa.Table, hours: int) -> pa.Table:
        """The reports of one slot, checked, thinned, with errors; some stations withheld."""
        settings = self.settings
        own = replace_errors(table, settings.errors) if settings.errors else table
        ready = prepare_for(self.world.layout, own, self.checks, hours, representative=settings.representativeness)
        return withhold_stations(ready, settings.withheld, settings.seed) if settings.withheld else ready

    def analyse(self, state: State, table: pa.Table, forecast: ForecastToVerify | None = None) -> Assimilated:
        """The analysis of a background and reports.

        Args:
            state: the background.
            table: the reports.
            forecast: on which the data's impact is wanted.

        Raises:
            ObservationError: no datum is left to use.
            AnalysisError: it has failed.
            UserError: what it is asked for beside the analysis cannot be told.
        """
        times = [state.hours + slot for slot in self.slots]
        slots = {t: self.prepared(part, t) for t, part in zip(times, _by_slot(table, times), strict=True)}
        carried = self.cycler.forward(self.method.init(self.beginning(state)), state.hours, state.hours)
        cycler = self.sized(self.cycler, slots[state.hours], self.method.first_guess(carried), state.hours)
        window = cycler.analyse(carried, slots.__getitem__, state.hours)
        slotwise = [one for cycle in window.cycles(self.slots) if (one := cycle.feedback()) is not None]
        told = concatenate(slotwise)
        require_some(told)
        warn_of_refused(told)
        states = np.stack([guess.background for guess in window.guesses]), np.asarray(window.analysis.trajectory)
        facts = {**window.analysis.facts, **_counts(told)}
        factor = window.facts["factor"]
        done = Assimilated(self.settings, self.world.layout, tuple(times), *states, told, factor, facts)
        done = self._with_ensemble(done, window.analysis)
        if forecast is not None:
            found = forecast.impact(self._variational(cycler, "--impact"), window, slotwise)
            summed = data_impact([found])
            done = replace(done, feedback=concatenate(found.tables), impact=summed)
            warn_of_unexplained(summed)
        if self.settings.posterior and not self.settings.declared.ensemble:
            done = self._with_posterior(done, self._variational(cycler, "--posterior"), window)
        return done

    def beginning(self, state: State) -> ndarray:
        """What the method begins with: a state, or the members that are given.

        Raises:
            UserError: members are given to a method that has none.
        """
        if state.members is None:
            return state.values
        if not self.settings.declared.ensemble:
            raise UserError(
                f"The {state.role} in {state.source} has {len(state.members)} members, and {self.settings.method} "
                "takes one state: give it the mean, or choose an ensemble method."
            )
        return state.members

    def _with_ensemble(self, done: Assimilated, analysis: Analysis) -> Assimilated:
        if analysis.spread is None:
            return done
        kept = self.settings.keep_members and analysis.members is not None
        return replace(
            done, spread=np.asarray(analysis.spread[0]), members=np.asarray(analysis.members) if kept else None
        )

    def _variational(self, cycler: Cycler, option: str) -> Variational:
        if not isinstance(cycler.method, Variational):
            raise UserError(f"{self.settings.method} knows no derivative of its analyses; leave {option} out.")
        return cycler.method

    def _with_posterior(self, done: Assimilated, method: Variational, window: WindowAnalysis) -> Assimilated:
        settings, found = self.settings, window.analysis
        error = posterior(method, found, window.terms, window.hours, pairs=settings.pairs, seed=settings.seed)
        key, scale = jax.random.key(settings.seed), np.asarray(self.world.standardizer.scale)[:, None, None]
        spread = scale * np.asarray(error.spread(key, settings.posterior))
        members = None
        if settings.keep_members:
            draws = jnp.asarray(error.samples(key, settings.posterior))
            members = np.asarray(self.world.standardizer.to_physical(draws, np.int32(window.hours)))
        freedom = float(error.degrees_of_freedom)
        every, uncertain = degrees_of_freedom(error, key)
        warn_of_cut_short(settings.pairs, freedom, every, uncertain)
        return replace(done, spread=spread, members=members, degrees_of_freedom=freedom)


def make_analyst(world: WorldFolder, settings: AssimilationSettings, model: ForecastModel | None = None) -> Analyst:
    """The analyst of a world in a folder, who screens by its background error and its orography.

    Args:
        world: where.
        settings: how.
        model: that forecasts; by default the world's for methods with a window, and persistence for others.

    Raises:
        UserError: the world lacks a file.
    """
    plain = world_intake(world, model)
    intake = replace(
        plain,
        perturbations=_with_climate(plain.perturbations, settings, world),
        first_guess_factor=settings.first_guess_factor,
        huber_limit=settings.huber_limit,
        correlation_length=settings.correlation_length,
    )
    linking = model or (world.model if settings.declared.four_d else Persistence(world.layout))
    return Analyst(world, settings, linking, intake if settings.factor is None else intake.scaled(settings.factor))


def _climate(settings: AssimilationSettings, layout: Layout) -> ClimateError | None:
    return climate_error(layout, settings.climate_error) if settings.climate_error else None


def _with_climate(draws: ndarray | None, settings: AssimilationSettings, world: World) -> ndarray | None:
    """Draws of the background error with those of the climate's: independent, so a draw of their sum is a sum."""
    climate = _climate(settings, world.layout)
    if draws is None or climate is None:
        return draws
    zero, scale = jnp.zeros(world.layout.shape, jnp.float32), np.asarray(world.standardizer.scale)
    return draws + scale[:, None, None] * np.asarray(
        background_draws(ModelSpacePrior(climate), zero, jax.random.key(1))
    )


def _by_slot(table: pa.Table, times: Sequence[int]) -> list[pa.Table]:
    """The rows nearest in time to each slot."""
    hours = (column(table, "time").astype("datetime64[s]").astype(np.int64)) / 3600.0
    nearest = np.argmin(np.abs(hours[:, None] - np.asarray(times, float)), axis=1)
    return [select(table, nearest == k) for k in range(len(times))]


def _counts(told: pa.Table) -> dict[str, int]:
    return {"used": int(used(told).sum()), "data": told.num_rows}
