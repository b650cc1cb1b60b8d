"""By what an analysis is made, and what comes of it: settings and result of one, or of each of a cycle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation.ensemble import Localization
from latentda.fields import Location
from latentda.grid import Layout, datetime_of_hours, iso
from latentda.methods import METHODS, Method, find_method
from latentda.observations import ErrorTable, QualityControl
from latentda.user_error import UserError
from latentda.verification import FitRow, Score, fit_columns, fit_scores, observation_fit
from latentda.verification.data_impact import DataImpact


@dataclass(frozen=True)
class AssimilationSettings:
    """What an analysis is made by.

    Attributes:
        method: its name.
        factor: on the background error's variances; None: found from the innovations of every analysis.
        iterations: the minimiser's budget.
        outer_loops: linearisations that share it.
        tolerance: the minimiser stops when the gradient has fallen to this share of its first value.
        slots: of a window (h after its start); none: the start and one interval later, for methods with a window.
        offsets: times around an analysis (h) to which the background of a cycle is forecast, to meet data at their own
            times; 0 among them.
        window_hours: data this far from an analysis time count; None: half the world's interval.
        withheld: share of the stations kept back to verify the analysis.
        seed: which stations those are, and of draws.
        first_guess_factor: data further from the background than this many expected deviations are refused.
        huber_limit: departures beyond so many standard deviations are taken for suspect by the cost.
        correlation_length: of the errors of soundings, in ln p; 0: independent.
        climate_error: standard deviation of an error of the model's climate, the same at all longitudes, in
            climatological ones; 0: none.
        checks: instead of those that the world's grid asks for.
        errors: of observations, before those of the files and the default ones.
        representativeness: whether default errors grow by what a box of the world's grid does not show.
        posterior: draws of the analysis error; 0: none, nor of methods that have members.
        pairs: eigenpairs of the Hessian that the draws are made of.
        keep_members: whether the draws themselves are wanted, or the members of an ensemble.
        ensemble: members of an ensemble method; None: as many as it declares.
        localization: of an ensemble method, likewise.
        without_lost: whether an ensemble goes on without members whose forecast has blown up.
        impact: store or dataset with the state that the forecast from the analysis is verified against, for the impact
            of every datum on it; None: no impact.
        lead_hours: of that forecast, from the time of the analysis, which is the start of a window.

    Raises:
        UserError: an unknown method, or one that does not assimilate; offsets without 0.
    """

    method: str = "latent_3dvar"
    factor: float | None = 1.0
    iterations: int = 60
    outer_loops: int = 2
    tolerance: float = 1e-2
    slots: tuple[int, ...] = ()
    offsets: tuple[int, ...] = (0,)
    window_hours: float | None = None
    withheld: float = 0.0
    seed: int = 0
    first_guess_factor: float = 5.0
    huber_limit: float = float("inf")
    correlation_length: float = 0.0
    climate_error: float = 0.0
    checks: QualityControl | None = None
    errors: ErrorTable | None = None
    representativeness: bool = True
    posterior: int = 0
    pairs: int = 200
    keep_members: bool = False
    ensemble: int | None = None
    localization: Localization | None = None
    without_lost: bool = False
    impact: Location | xr.Dataset | None = None
    lead_hours: int = 24

    def __post_init__(self) -> None:
        if 0 not in self.offsets:
            raise UserError(f"The offsets {self.offsets} around an analysis lack 0, the analysis itself.")
        if not find_method(self.method).assimilates:
            names = ", ".join(name for name, one in METHODS.items() if one.assimilates)
            raise UserError(f"{self.method} makes no analysis; methods that do are {names}.")

    @property
    def declared(self) -> Method:
        """The method."""
        return find_method(self.method)


DEFAULTS = AssimilationSettings()


@dataclass(frozen=True, eq=False)
class Assimilated:
    """An analysis and what tells of it.

    Attributes:
        settings: what it was made by.
        layout: of the states.
        hours: of the slots, since 1970; the first is the background's.
        background: at the slots, physical units.
        analysis: likewise.
        feedback: every datum with its verdict, O-B and O-A, and its impact (J/kg) where that was asked for.
        factor: on the background error's variances.
        facts: of the analysis: costs, iterations, how it ended.
        spread: standard deviation of the analysis error at the first slot, physical units, where it was asked for or
            the method has members.
        degrees_of_freedom: for signal, of the eigenpairs that were found; likewise.
        members: draws of the analysis at the first slot, or the method's members at the last, where asked for.
        impact: of the data on the forecast by class and variable, likewise.
    """

    settings: AssimilationSettings
    layout: Layout
    hours: tuple[int, ...]
    background: Float[ndarray, "slot channel lat lon"]
    analysis: Float[ndarray, "slot channel lat lon"]
    feedback: pa.Table
    factor: float
    facts: dict[str, Any] = field(default_factory=dict)
    spread: Float[ndarray, "channel lat lon"] | None = None
    degrees_of_freedom: float | None = None
    members: Float[ndarray, "member channel lat lon"] | None = None
    impact: DataImpact | None = None

    @property
    def time(self) -> str:
        """Of the slots, in words."""
        return " to ".join(dict.fromkeys(iso(datetime_of_hours(self.hours[k])) for k in (0, -1)))

    def fits(self) -> list[FitRow]:
        """O-B and O-A of used and of withheld data."""
        return observation_fit(fit_columns(self.feedback))

    def scores(self) -> list[Score]:
        """The same as score rows."""
        name, seed = self.settings.method, self.settings.seed
        return fit_scores(self.fits(), experiment="assimilate", method=name, seed=seed, twin="real")
