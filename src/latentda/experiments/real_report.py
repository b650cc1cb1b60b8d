"""The report of an analysis of real reports."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from latentda.experiments.figures import fit_profile, map_panels
from latentda.experiments.methods import TITLES
from latentda.experiments.real import SOUNDINGS, SURFACE, RealRun, station_places
from latentda.experiments.report import Cell, Report
from latentda.grid import datetime_of_hours, iso
from latentda.observations import column
from latentda.verification import FitRow

WORDS = {"t": "temperature (K)", "u": "zonal wind (m/s)", "v": "meridional wind (m/s)", "q": "humidity (g/kg)"}
WORDS |= {"sp": "surface pressure (hPa)"}
FACTORS = {"q": 1e3, "sp": 1e-2}


def write_real_report(run: RealRun, path: Path) -> Path:
    """Write the report and return its path."""
    hours = next(iter(run.cycles.values())).hours
    when = iso(datetime_of_hours(hours))
    report = Report("Real reports into the embedded world", f"Analysis of {when}")
    report.section("What this is", _introduction(run))
    report.figure(_stations(run), "The radiosonde stations over the background.")
    report.section(
        "Fit to the radiosondes",
        "O-B is the report minus the background, O-A the report minus the analysis. Withheld stations were seen by "
        "no method: if the analysis is closer to them than the background, information has spread correctly.",
    )
    report.table(*_table(run, used=False), "Withheld stations, all levels together: root mean squares.")
    report.table(*_table(run, used=True), "Used data, all levels together: root mean squares.")
    for name, rows in run.fits.items():
        report.figure(fit_profile(rows, title=TITLES[name]), f"{TITLES[name]}: fit by pressure.")
    report.section("What the analyses changed", f"Maps of {when}.")
    report.figure(_increments(run), "Increments, the same scale across methods; dots are the used radiosondes.")
    report.table(*_minimisations(run), "The minimisations.")
    report.section("What happened to the data", "Every datum has one verdict.")
    report.table(*_verdicts(run), "Data by verdict of quality control.")
    return report.write(path)


def _introduction(run: RealRun) -> str:
    setup = run.setup
    return (
        "Real radiosonde and surface reports are checked, thinned and assimilated. There is no forecast of this day, "
        "so the background is what the embedded model knows of the date: its climatological mean, whose errors are "
        "as large as the weather itself. The background errors are the covariances of the embedded world's own "
        f"anomalies, scaled by {run.factor:.1f} in variance from the innovations, the same for every method: the "
        "real atmosphere varies more than this world, and differs from it in the mean. "
        f"{100 * setup.withheld:.0f} % of the radiosonde stations are withheld, chosen by station name."
    )


def _table(run: RealRun, used: bool) -> tuple[list[str], list[list[Cell]]]:
    header = ["method", "variable", "data", "O-B", "O-A", "O-A / O-B"]
    rows: list[list[Cell]] = []
    for name, fits in run.fits.items():
        for fit in _all_levels(fits, used):
            factor = FACTORS.get(fit.variable, 1.0)
            before, after = factor * fit.background_rms, factor * fit.analysis_rms
            rows.append([TITLES[name], WORDS[fit.variable], fit.count, before, after, after / before])
    return header, rows


def _all_levels(fits: list[FitRow], used: bool) -> list[FitRow]:
    return [fit for fit in fits if fit.layer is None and fit.used == used]


def _stations(run: RealRun) -> Figure:
    background = next(iter(run.cycles.values())).background[run.model.layout.index("t@0.51")]
    kept, back = station_places(run, ""), station_places(run, "withheld")
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
        for name, cycle in run.cycles.items():
            fields.append((cycle.analysis - cycle.background)[layout.index(channel)])
            titles.append(f"{TITLES[name]}: {words}")
            units.append(unit)
    return map_panels(
        fields,
        titles,
        layout.grid,
        units,
        signed=True,
        columns=len(run.cycles),
        observations=station_places(run, ""),
    )


def _minimisations(run: RealRun) -> tuple[list[str], list[list[Cell]]]:
    header = ["method", "data used", "iterations", "cost before", "cost after", "result"]
    keys = ("used", "iterations", "cost_background", "cost_analysis", "result")
    return header, [[TITLES[name], *(c.facts[key] for key in keys)] for name, c in run.cycles.items()]


def _verdicts(run: RealRun) -> tuple[list[str], list[list[Cell]]]:
    kinds = {"soundings": SOUNDINGS, "surface": SURFACE}
    verdict = np.where(column(run.table, "verdict") == "", "used", column(run.table, "verdict"))
    counts = {
        kind: Counter(verdict[np.isin(column(run.table, "class"), classes)].tolist()) for kind, classes in kinds.items()
    }
    names = sorted({name for count in counts.values() for name in count}, key=lambda n: (n != "used", n))
    rows: list[list[Cell]] = [[n.replace("_", " "), *(c[n] for c in counts.values())] for n in names]
    return ["verdict", *kinds], rows
