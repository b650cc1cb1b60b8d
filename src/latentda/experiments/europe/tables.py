"""The tables of the European experiment, for terminal and report: header and rows.

Units are those that people read, hPa for Pa; *mean* is the mean over channels of error over climatological spread.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from latentda.experiments.europe import cycles as europe_cycles
from latentda.experiments.europe import networks as europe_networks
from latentda.experiments.europe import real as europe_real
from latentda.experiments.europe.europe import EuropeRun
from latentda.experiments.europe.methods import DIAGONAL
from latentda.figures.words import shown_channel
from latentda.methods import METHODS
from latentda.reports.page import Cell
from latentda.verification import MEAN_CHANNEL, Score

Table = tuple[list[str], list[list[Cell]]]


def forecasts(run: EuropeRun) -> Table:
    """The surrogate against its baselines."""
    scores = [s for s in run.scores if s.experiment == europe_networks.EXPERIMENT]
    header = ["lead (h)", "method", *_channels(run)]
    keys = dict.fromkeys((s.lead_hours, s.method) for s in sorted(scores, key=lambda s: s.lead_hours))
    return header, [
        [lead, method, *_errors(run, (s for s in scores if (s.lead_hours, s.method) == (lead, method)))]
        for lead, method in keys
    ]


def missed(run: EuropeRun) -> Table:
    """Shares of variance that the autoencoder misses."""
    header = ["channel", "states", "changes of a day", "forecast errors"]
    parts = zip(run.assets.standardizer.layout.names, *vars(run.missed).values(), strict=True)
    return header, [[name, *map(float, shares)] for name, *shares in parts]


def sizes(run: EuropeRun) -> Table:
    """What was chosen for every method."""
    rows: list[list[Cell]] = []
    for name, size in run.sizes.items():
        rows.append([METHODS[name].title, None if name in DIAGONAL else size.radius_km, size.factor])
    return ["method", "radius (km)", "factor on variances"], rows


def cycles(run: EuropeRun) -> Table:
    """Errors of the cycles, means over the seeds of the observations."""
    scores = [s for s in run.scores if s.experiment == europe_cycles.EXPERIMENT]
    kinds = dict.fromkeys((s.kind, s.lead_hours) for s in scores)
    rows: list[list[Cell]] = []
    for kind, lead in kinds:
        for method in run.assets.setup.methods:
            own = (s for s in scores if (s.kind, s.lead_hours, s.method) == (kind, lead, method))
            rows.append([kind if not lead else f"{lead} h forecast", METHODS[method].title, *_errors(run, own)])
    return ["what", "method", *_channels(run)], rows


def withheld(run: EuropeRun) -> Table:
    """O-B and O-A at used and at withheld stations, all draws merged."""
    rows: list[list[Cell]] = []
    for method, fits in run.case.fits.items():
        for fit in fits:
            if fit.layer is None:
                kind = "used" if fit.used else "withheld"
                factor, words = shown_channel(fit.variable)
                numbers = (fit.background_rms, fit.analysis_rms, fit.background_bias, fit.analysis_bias)
                shown = [factor * number for number in numbers]
                rows.append([METHODS[method].title, words, kind, fit.count, *shown])
    return ["method", "variable", "stations", "data", "O-B", "O-A", "mean O-B", "mean O-A"], rows


def against_reanalysis(run: EuropeRun) -> Table:
    """Errors of the case against ERA-Interim: all stations used, and the mean square over draws of withheld ones."""
    rows: list[list[Cell]] = []
    for method in run.case.analyses:
        own = [s for s in run.scores if s.method == method]
        every = [s for s in own if s.experiment == europe_real.EXPERIMENT]
        if not rows:
            rows.append(["background", "", *_errors(run, (s for s in every if s.kind == "background"))])
        rows.append([METHODS[method].title, "all", *_errors(run, (s for s in every if s.kind == "analysis"))])
        draws = (s for s in own if s.experiment == f"{europe_real.EXPERIMENT}-withheld")
        rows.append([METHODS[method].title, "a fifth withheld", *_errors(run, draws)])
    return ["state", "stations", *_channels(run)], rows


def _channels(run: EuropeRun) -> list[str]:
    return [*(shown_channel(name)[1] for name in run.assets.standardizer.layout.names), MEAN_CHANNEL]


def _errors(run: EuropeRun, scores: Iterable[Score]) -> list[float]:
    """The mean over seeds of each channel's error."""
    found = list(scores)
    factors = {name: shown_channel(name)[0] for name in run.assets.standardizer.layout.names} | {MEAN_CHANNEL: 1.0}
    return [factor * float(np.mean([s.rmse for s in found if s.channel == name])) for name, factor in factors.items()]
