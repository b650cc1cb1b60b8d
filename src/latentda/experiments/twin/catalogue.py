"""The catalogue of cycled twin experiments: frozen set-ups by name.

A name joins the twin and the network, ``fraternal-sonde``, ``identical-random-1``. All of them cycle every 12 h, score
60 days after 15 of spin-up and forecast 5 days from every fifth scored day. A seed stands for other observation errors
and another season: its truth begins ``period_days`` times the seed after the start state, in one nature run.

Behind ``-window`` methods in four dimensions are among them, which take two times at once, and behind ``-window-6h``
data come every 6 h and such methods take four times. Behind ``-gross-errors`` a share of
the data has a gross error, and the cost takes departures in Huber's norm; ``-huber`` is the same without gross errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import gcd

from latentda.experiments.twin.nature import EVERY_HOURS
from latentda.experiments.twin.observing import NETWORKS, require_network
from latentda.methods import require_methods
from latentda.user_error import UserError

DEFAULT_METHODS = ("free_run", "3dvar", "latent_3dvar_published", "latent_3dvar_diagonal", "latent_3dvar")
DEFAULT_FACTOR = 2.0
"""Factor on background-error variances that have not been tuned; see ``TwinSetUp.background_factor``."""


@dataclass(frozen=True)
class ExperimentSetUp:
    """A cycled twin experiment as data.

    Attributes:
        name: of the experiment, in scores.
        network: a key of :data:`latentda.experiments.twin.observing.NETWORKS`.
        identical: whether the assimilating model is the true one.
        methods: names from :data:`latentda.methods.catalogue.METHODS`, run by default.
        scored_days: length of the scored period.
        spinup_days: cycled before it.
        interval_hours: between times of observations: analyses, or slots of a window.
        window_slots: of the methods in four dimensions; with 2 of 12 h a window is 12 h long, with 4 of 6 h 18 h.
        background_days: lead of the forecast that is the first background.
        forecast_days: length of the forecasts.
        forecast_every_days: between their starts.
        first_forecast: the scored cycle from which the first starts. In a window of two slots the later one knows no
            future data, as a 3-D analysis does not: 1 is fair between them.
        period_days: between the truths of two seeds.
        background_factors: on the variances of a method's background error, by method.
        gross_errors: share of the data with a gross error.
        huber_limit: where the cost begins to doubt a datum, see ``Intake``; None: nowhere.

    Raises:
        UserError: an unknown method or network, or lengths that do not fit into each other.
    """

    name: str
    network: str = "sonde"
    identical: bool = False
    methods: tuple[str, ...] = DEFAULT_METHODS
    scored_days: int = 60
    spinup_days: int = 15
    interval_hours: int = 12
    window_slots: int = 2
    background_days: int = 5
    forecast_days: int = 5
    forecast_every_days: int = 5
    first_forecast: int = 0
    period_days: int = 90
    background_factors: Mapping[str, float] = field(default_factory=dict)
    gross_errors: float = 0.0
    huber_limit: float | None = None

    def __post_init__(self) -> None:
        require_methods(self.methods)
        require_network(self.network)
        wrong = [m for m, f in self.background_factors.items() if not 0.0 < f < float("inf")]
        if wrong:
            raise UserError(f"The background-error factor of {', '.join(wrong)} must be a positive number.")
        if not 0.0 <= self.gross_errors <= 1.0 or not (self.huber_limit is None or self.huber_limit > 0.0):
            raise UserError("The share of gross errors lies between 0 and 1, and the Huber limit is positive.")
        if self.scored_days < 1 or self.spinup_days < 0:
            raise UserError("An experiment scores at least one day, after zero or more of spin-up.")
        if self.window_slots < 2 or self.interval_hours * self.window_slots > LONGEST_WINDOW:
            raise UserError(
                f"A window has two slots or more in at most {LONGEST_WINDOW} h; got {self.window_slots} of "
                f"{self.interval_hours} h."
            )
        if 24 % self.interval_hours:
            raise UserError(f"Analyses every {self.interval_hours} h do not fill a day; choose a divisor of 24.")

    @property
    def twin(self) -> str:
        """The word for result tables."""
        return "identical" if self.identical else "fraternal"

    @property
    def slots(self) -> tuple[int, ...]:
        """Of a window (h); the next begins one interval after the last."""
        return tuple(self.interval_hours * k for k in range(self.window_slots))

    @property
    def spinup_cycles(self) -> int:
        """Cycles not scored."""
        return self._cycles(self.spinup_days)

    @property
    def cycles(self) -> int:
        """All cycles."""
        return self._cycles(self.spinup_days + self.scored_days)

    @property
    def leads(self) -> tuple[int, ...]:
        """Hours at which a forecast is scored."""
        return tuple(self.interval_hours * (k + 1) for k in range(self._cycles(self.forecast_days)))

    @property
    def truth_hours(self) -> int:
        """Interval at which the truth is stored (h): every analysis, slot and lead falls on it."""
        return gcd(EVERY_HOURS, self.interval_hours)

    def starts_forecast(self, cycle: int) -> bool:
        """Whether a forecast is made from the analysis of a cycle, counted from 0."""
        scored = cycle - self.spinup_cycles - self.first_forecast
        return scored >= 0 and scored % self._cycles(self.forecast_every_days) == 0

    def factor(self, method: str) -> float:
        """On the variances of a method's background error."""
        return self.background_factors.get(method, DEFAULT_FACTOR)

    def begin_hours(self, start_hours: int, seed: int) -> int:
        """Begin of a seed's truth, from that of the nature run (hours since 1970)."""
        return start_hours + 24 * self.period_days * seed

    def first_hours(self, start_hours: int, seed: int) -> int:
        """Time of a seed's first analysis."""
        return self.begin_hours(start_hours, seed) + 24 * self.background_days

    def nature_days(self, seed: int) -> int:
        """Days of nature run that a seed needs, in whole pieces of a simulation."""
        needed = self.period_days * seed + self.background_days + self.spinup_days + self.scored_days
        return 5 * -(-(needed + self.forecast_days) // 5)

    def _cycles(self, days: int) -> int:
        return 24 * days // self.interval_hours


GROSS_ERRORS, HUBER_LIMIT = 0.05, 3.0
DOUBTED = ("fraternal-sonde", "fraternal-sparse")
"""Set-ups that also come as ``...-gross-errors`` and ``...-huber``: the second has the same cost and sound data."""
IN_WINDOWS = DOUBTED
WINDOW_METHODS = ("3dvar", "latent_3dvar", "4dvar", "latent_4dvar")
"""Set-ups that also come as ``...-window``, with methods that take two times at once beside those that take one, and
as ``...-window-6h`` with observations every 6 h, four times at once."""
LONGEST_WINDOW = 24
"""Hours from the start of one window to that of the next, at most: derivatives keep all steps between."""


def _catalogue() -> Iterator[ExperimentSetUp]:
    for twin in ("fraternal", "identical"):
        for network in NETWORKS:
            plain = ExperimentSetUp(f"{twin}-{network}", network, identical=twin == "identical")
            robust = replace(plain, name=f"{plain.name}-huber", huber_limit=HUBER_LIMIT)
            yield plain
            if plain.name in IN_WINDOWS:
                window = replace(plain, name=f"{plain.name}-window", methods=WINDOW_METHODS, first_forecast=1)
                yield window
                yield replace(window, name=f"{window.name}-6h", interval_hours=6, window_slots=4, first_forecast=3)
            if plain.name in DOUBTED:
                yield robust
                yield replace(robust, name=f"{plain.name}-gross-errors", gross_errors=GROSS_ERRORS)


CATALOGUE: Mapping[str, ExperimentSetUp] = {setup.name: setup for setup in _catalogue()}
"""Set-ups by name."""


def find_experiment(name: str) -> ExperimentSetUp:
    """The set-up of a name.

    Raises:
        UserError: unknown name, with the known ones listed.
    """
    if name not in CATALOGUE:
        raise UserError(f"Unknown experiment {name!r}; there are {', '.join(CATALOGUE)}.")
    return CATALOGUE[name]
