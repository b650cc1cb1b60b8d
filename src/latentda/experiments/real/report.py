"""The report of analyses of real reports."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy import ndarray

from latentda.experiments.real.real import RealCycle, RealRun
from latentda.figures import fit_profile, map_panels
from latentda.figures.words import shown_variable
from latentda.grid import datetime_of_hours, iso
from latentda.methods import METHODS
from latentda.observations import column
from latentda.observations.message_classes import SOUNDINGS
from latentda.reports.endings import advice
from latentda.reports.page import Cell, Report
from latentda.verification import FitRow
from latentda.workflows.preparation import SINGLE_LEVEL, SURFACE, station_places


def write_real_report(run: RealRun, path: Path) -> Path:
    """Write the report and return its path."""
    times = [iso(datetime_of_hours(one.cycle.hours)) for one in next(iter(run.methods.values()))]
    when = times[0] if len(times) == 1 else f"{len(times)} cycles, {times[0]} to {times[-1]}"
    report = Report("Real reports into the embedded world", f"Analysis of {when}")
    report.section("What this is", _introduction(run))
    report.figure(_stations(run), f"The radiosonde stations of {times[-1]} over the background.")
    report.section(
        "Fit to the radiosondes",
        "O-B is the report minus the background, O-A the report minus the analysis. Withheld stations were seen by "
        "no method: if the analysis is closer to them than the background, information has spread correctly.",
    )
    report.table(*_table(run, used=False), "Withheld stations, all levels together: root mean squares.")
    report.table(*_table(run, used=True), "Used data, all levels together: root mean squares.")
    for name in run.methods:
        report.figure(
            fit_profile(run.fits(name), title=METHODS[name].title), f"{METHODS[name].title}: fit by pressure."
        )
    report.section("What the analyses changed", f"Maps of {times[-1]}.")
    report.figure(_increments(run), "Increments, the same scale across methods; dots are the used radiosondes.")
    report.table(*_minimisations(run), "The minimisations.")
    report.section("What happened to the data", "Every datum has one verdict.")
    report.table(*_verdicts(run), f"Data of {times[-1]} by verdict of quality control.")
    return report.write(path)


def _introduction(run: RealRun) -> str:
    setup = run.setup
    factors = "; ".join(
        f"{METHODS[name].title} {', '.join(f'{one.factor:.1f}' for one in cycles)}"
        for name, cycles in run.methods.items()
    )
    later = (
        " Later backgrounds are forecasts from the method's own analyses; the tables leave the first cycle out, which "
        "starts from the climate."
    )
    climate = (
        f" An error of the model's climate of {setup.climate_error:g} climatological standard deviations, the same at "
        "all longitudes, is part of what is estimated."
    )
    return (
        "Real radiosonde, aircraft, satellite-wind and surface reports are checked, thinned and assimilated. There is "
        "no forecast of this day, so the first background is what the embedded model knows of the date: its "
        "climatological mean, whose errors are as large as the weather itself."
        + (later if len(next(iter(run.methods.values()))) > 1 else "")
        + " The background errors are the covariances of the embedded world's own anomalies, scaled in variance from "
        f"the innovations: {factors}."
        + (climate if setup.climate_error else "")
        + f" {100 * setup.withheld:.0f} % of the radiosonde stations are withheld, chosen by station name."
    )


def _last(run: RealRun, name: str | None = None) -> RealCycle:
    """The last cycle of a method, by default of the first."""
    return run.methods[name or next(iter(run.methods))][-1]


def _stations_of(one: RealCycle, verdict: str) -> tuple[ndarray, ndarray]:
    """Places of the radiosonde stations that have data with a verdict ("" is used)."""
    soundings = np.isin(column(one.table, "class"), SOUNDINGS)
    return station_places(one.table, soundings & (column(one.table, "verdict") == verdict))


def _table(run: RealRun, used: bool) -> tuple[list[str], list[list[Cell]]]:
    header = ["method", "variable", "data", "O-B", "O-A", "O-A / O-B"]
    rows: list[list[Cell]] = []
    for name in run.methods:
        for fit in _all_levels(run.fits(name), used):
            factor, words = shown_variable(fit.variable)
            before, after = factor * fit.background_rms, factor * fit.analysis_rms
            rows.append([METHODS[name].title, words, fit.count, before, after, after / before])
    return header, rows


def _all_levels(fits: list[FitRow], used: bool) -> list[FitRow]:
    return [fit for fit in fits if fit.layer is None and fit.used == used]


def _stations(run: RealRun) -> Figure:
    one = _last(run)
    background = one.cycle.background[run.model.layout.index("t@0.51")]
    kept, back = _stations_of(one, ""), _stations_of(one, "withheld")
    figure = map_panels(
        [background],
        [f"{len(kept[0])} stations used (black), {len(back[0])} withheld (red)"],
        run.model.layout.grid,
        "K",
        suptitle="Background temperature at sigma 0.51 and radiosonde stations",
        observations=kept,
    )
    figure.axes[0].plot((back[1] + 180.0) % 360.0 - 180.0, back[0], ".", color="#d62728", markersize=5)
    return figure


def _increments(run: RealRun) -> Figure:
    layout = run.model.layout
    fields, titles, units = [], [], []
    for channel, unit, words in (
        ("t@0.51", "K", "temperature, sigma 0.51"),
        ("u@0.34", "m s-1", "zonal wind, sigma 0.34"),
        ("sp", "Pa", "surface pressure"),
    ):
        for name in run.methods:
            cycle = _last(run, name).cycle
            fields.append((cycle.analysis - cycle.background)[layout.index(channel)])
            titles.append(f"{METHODS[name].title}: {words}")
            units.append(unit)
    return map_panels(
        fields,
        titles,
        layout.grid,
        units,
        signed=True,
        columns=len(run.methods),
        observations=_stations_of(_last(run), ""),
    )


def _minimisations(run: RealRun) -> tuple[list[str], list[list[Cell]]]:
    header = ["method", "time", "data used", "iterations", "cost before", "cost after", "result"]
    keys = ("used", "iterations", "cost_background", "cost_analysis")
    rows: list[list[Cell]] = [
        [
            METHODS[name].title,
            iso(datetime_of_hours(one.cycle.hours)),
            *(one.cycle.facts.get(key) for key in keys),
            advice(one.cycle.facts) if "result" in one.cycle.facts else "",
        ]
        for name, cycles in run.methods.items()
        for one in cycles
    ]
    return header, rows


def _verdicts(run: RealRun) -> tuple[list[str], list[list[Cell]]]:
    table = _last(run).table
    kinds = {"soundings": SOUNDINGS, "aircraft and satellite winds": SINGLE_LEVEL, "surface": SURFACE}
    verdict = np.where(column(table, "verdict") == "", "used", column(table, "verdict"))
    rows_of = {kind: np.isin(column(table, "class"), classes) for kind, classes in kinds.items()}
    others = ~np.any(list(rows_of.values()), axis=0)
    if others.any():
        rows_of["others"] = others
    counts = {kind: Counter(verdict[rows].tolist()) for kind, rows in rows_of.items()}
    names = sorted({name for count in counts.values() for name in count}, key=lambda n: (n != "used", n))
    rows: list[list[Cell]] = [[n.replace("_", " "), *(c[n] for c in counts.values())] for n in names]
    return ["verdict", *counts], rows
