"""The report of a twin experiment: one page that a stranger can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from numpy import ndarray

from latentda.experiments.twin.demo import TwinRun
from latentda.experiments.twin.scores import mean_errors
from latentda.figures import error_curves, map_panels, score_heat, section_panel
from latentda.figures.words import shown_channel
from latentda.grid import datetime_of_hours, iso
from latentda.methods import METHODS
from latentda.reports.endings import Facts, converged_share, endings, mean_fact
from latentda.reports.page import Cell, Report
from latentda.verification import MEAN_CHANNEL, Score

SHOWN = ("t@0.51", "u@0.34", "q@0.835", "sp")
"""Channels of the score table: mid-troposphere, jet level, moist layer, surface."""


def write_twin_report(run: TwinRun, scores: Sequence[Score], spread: Float[ndarray, " channel"], path: Path) -> Path:
    """Write the report and return its path."""
    setup = run.setup
    first, last = (datetime_of_hours(run.cycles[setup.methods[0]][k].hours) for k in (0, -1))
    report = Report(
        "Latent data assimilation in the embedded world",
        f"{setup.twin.capitalize()} twin, {setup.cycles} analyses every {setup.interval_hours} h, "
        f"{iso(first)} to {iso(last)}",
    )
    report.section("What this is", _introduction(run))
    report.section("Errors against the truth", _reading_of_curves())
    report.figure(_curves(run, spread), "Mean over all channels of the error over the climatological spread.")
    _score_tables(report, run, scores)
    report.section("One moment on the map", f"All maps show {iso(last)}.")
    report.figure(_maps(run), "Temperature at sigma 0.51: the truth, and what each method gets wrong.")
    report.figure(_increments(run), "What the last analysis changed, by method; dots are soundings.")
    for figure, caption in _sections(run):
        report.figure(figure, caption)
    _facts(report, run)
    return report.write(path)


def _introduction(run: TwinRun) -> str:
    setup = run.setup
    used = run.observations.num_rows
    world = (
        "the same model" if setup.identical else "the same model with changed physics parameters (an imperfect model)"
    )
    return (
        "The truth is a run of a global atmosphere model (SPEEDY physics, T31, 8 levels). The forecasts come from "
        f"{world}. A simulated network at the real places of the world's radiosonde stations observes the truth "
        f"with realistic errors: about {used:,} temperatures, winds, humidities a time. Every method starts from "
        f"the same {setup.background_days}-day-old forecast and sees the same observations and the same budget of "
        "iterations. 3D-Var spreads their information by a balanced background error on the sphere; latent 3D-Var "
        "searches in the code of an autoencoder and decodes the increment."
    )


def _reading_of_curves() -> str:
    return (
        "Solid lines are the analyses, dashed ones the forecasts they start from; the distance between them is what "
        "the observations of that time added. 1 on the axis would be as bad as guessing the season's average."
    )


def _curves(run: TwinRun, spread: ndarray) -> Figure:
    times = np.asarray([datetime_of_hours(c.hours) for c in run.cycles[run.setup.methods[0]]])
    analysis = {m: (times, mean_errors(run, m, "analysis", spread)) for m in run.setup.methods}
    background = {m: (times, mean_errors(run, m, "background", spread)) for m in _assimilating(run)}
    return error_curves(
        analysis,
        background,
        ylabel="error / climatological spread",
        looks=METHODS,
        title="Error of analyses (solid) and of the forecasts they start from (dashed)",
        sawtooth=False,
    )


def _score_tables(report: Report, run: TwinRun, scores: Sequence[Score]) -> None:
    table = {(s.method, s.kind, s.lead_hours, s.channel): s.rmse for s in scores}
    leads = sorted({s.lead_hours for s in scores if s.kind == "forecast"})
    chosen = [
        ("analysis", 0),
        *(("forecast", lead) for lead in leads if lead % 24 == 0 and lead in (24, 72, 120)),
    ]
    factors, headings = zip(*map(shown_channel, SHOWN), strict=True)
    header = ["method", "what", "mean", *headings]
    rows: list[list[Cell]] = []
    for kind, lead in chosen:
        for method in run.setup.methods:
            mean, *sizes = [table[method, kind, lead, c] for c in (MEAN_CHANNEL, *SHOWN)]
            label = "analysis" if kind == "analysis" else f"{lead // 24}-day forecast"
            shown = [factor * error for factor, error in zip(factors, sizes, strict=True)]
            rows.append([METHODS[method].title, label, mean, *shown])
    report.table(
        header,
        rows,
        "Root mean square errors after spin-up; the mean is over channels, in spreads.",
    )
    reference = {s.channel: s.rmse for s in scores if s.method == "3dvar" and s.kind == "analysis"}
    for method in _assimilating(run):
        if method != "3dvar" and reference:
            errors = {s.channel: s.rmse for s in scores if s.method == method and s.kind == "analysis"}
            title = f"Analysis error of {METHODS[method].title} against 3D-Var"
            report.figure(score_heat(errors, reference, title=title), "Blue: smaller error than 3D-Var.")


def _maps(run: TwinRun) -> Figure:
    channel = run.model.layout.index("t@0.51")
    hours = run.cycles[run.setup.methods[0]][-1].hours
    truth = run.truth.at(hours)[channel]
    fields, titles = [truth], ["truth"]
    for method in run.setup.methods:
        cycle = run.cycles[method][-1]
        states = {"background": cycle.background, "analysis": cycle.analysis}
        if method not in _assimilating(run):
            states = {"": cycle.analysis}
        for kind, state in states.items():
            fields.append(state[channel] - truth)
            titles.append(f"{kind} error, {METHODS[method].title}".strip())
    return map_panels(
        fields,
        titles,
        run.model.layout.grid,
        "K",
        signed=[False, *[True] * (len(fields) - 1)],
        suptitle=f"Temperature at sigma 0.51, {iso(datetime_of_hours(hours))}",
        observations=_places(run),
        observed=[0],
        columns=2,
    )


def _increments(run: TwinRun) -> Figure:
    layout = run.model.layout
    channels = [("t@0.51", "K"), ("sp", "Pa")]
    fields, titles, units = [], [], []
    for name, unit in channels:
        for method in _assimilating(run):
            cycle = run.cycles[method][-1]
            fields.append((cycle.analysis - cycle.background)[layout.index(name)])
            title = "surface pressure" if name == "sp" else "temperature, sigma 0.51"
            titles.append(f"{METHODS[method].title}: {title}")
            units.append(unit)
    return map_panels(
        fields,
        titles,
        layout.grid,
        units,
        signed=True,
        suptitle="Increments",
        observations=_places(run),
    )


def _sections(run: TwinRun) -> Iterator[tuple[Figure, str]]:
    """Temperature increments along the latitude where 3D-Var's is largest in the northern middle latitudes."""
    layout = run.model.layout
    levels = layout.indices("t")
    methods = _assimilating(run)
    last = {m: run.cycles[m][-1] for m in methods}
    increments = {m: (c.analysis - c.background)[levels] for m, c in last.items()}
    latitude = np.asarray(layout.grid.latitude)
    rows = np.flatnonzero((latitude > 30) & (latitude < 60))
    row = rows[np.argmax(np.abs(increments[methods[0]][:, rows]).max(axis=(0, 2)))]
    cuts = {m: field[:, row] for m, field in increments.items()}
    for method in methods:
        pressure = 1e-2 * float(last[method].analysis[layout.index("sp")][row].mean())
        figure = section_panel(
            cuts[method],
            np.asarray(layout.grid.longitude),
            np.asarray(layout.levels_of("t")) * pressure,
            "K",
            signed=True,
            title=f"{METHODS[method].title}: temperature increment at {latitude[row]:.0f}°N",
            shared=list(cuts.values()),
        )
        yield figure, "A vertical section through the last increment."


def _facts(report: Report, run: TwinRun) -> None:
    rows: list[list[Cell]] = []
    scored: dict[str, list[Facts]] = {}
    for method in _assimilating(run):
        facts = scored[METHODS[method].title] = [c.facts for c in run.cycles[method][run.setup.spinup_cycles :]]
        keys = ("used", "refused", "iterations", "misfit_background", "misfit_analysis")
        rows.append([METHODS[method].title, *(mean_fact(facts, key) for key in keys), converged_share(facts)])
    header = ["method", "data used", "refused", "iterations", "O-B (σo²)", "O-A (σo²)", "converged"]
    report.section(
        "Fit to the observations",
        "Means over the scored cycles; the misfits are mean squares in units of the observation error.",
    )
    report.table(header, rows, "What the analyses did with the data.")
    report.text(endings(scored))


def _assimilating(run: TwinRun) -> list[str]:
    return [m for m in run.setup.methods if m != "free_run"]


def _places(run: TwinRun) -> tuple[ndarray, ndarray]:
    table = run.observations
    places = np.unique(np.stack([table["lat"].to_numpy(), table["lon"].to_numpy()]), axis=1)
    return places[0], places[1]
