"""The report of the European experiment."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from latentda.experiments.europe import tables as tables
from latentda.experiments.europe.europe import EuropeRun
from latentda.figures import error_curves, map_panels
from latentda.figures.words import channel_words
from latentda.grid import as_datetime, iso
from latentda.methods import METHODS
from latentda.observations import used
from latentda.reports.endings import endings
from latentda.reports.page import Report
from latentda.workflows.preparation import station_places


def write_europe_report(run: EuropeRun, path: Path) -> Path:
    """Write the report and return its path."""
    setup = run.assets.setup
    report = Report("Europe: real analyses, real radiosondes", f"Cycles from {iso(setup.cycling[0])}")
    report.section("What this is", _introduction(run))
    report.section("The networks", "Both are held to account in years that neither has seen.")
    report.table(*tables.forecasts(run), "Root mean square errors of forecasts against ERA-Interim.")
    report.table(*tables.missed(run), "Share of variance that the autoencoder misses.")
    report.section("A year of cycles", _cycling(run))
    report.table(*tables.sizes(run), "Background errors: what the tuned period chose.")
    report.table(*tables.cycles(run), "Root mean square errors against ERA-Interim, means over seeds.")
    report.figure(_curves(run), "Analysis error, monthly means, in units of the climatological spread.")
    report.section(f"Real radiosondes of {iso(setup.case)}", _case(run))
    report.table(*tables.withheld(run), "Root mean squares and means of O-B and O-A, all draws merged.")
    report.table(*tables.against_reanalysis(run), "Root mean square difference from ERA-Interim.")
    made = {name: [one, *run.case.draws.get(name, [])] for name, one in run.case.analyses.items()}
    report.text(endings({METHODS[name].title: [one.facts for one in cycles] for name, cycles in made.items()}))
    report.figure(_increments(run), "Increments with all stations (dots); last row: what was missing of ERA-Interim.")
    return report.write(path)


def _introduction(run: EuropeRun) -> str:
    setup = run.assets.setup
    return (
        "A surrogate forecast and an autoencoder were trained on ERA-Interim over Europe, geopotential at 500 hPa, "
        f"temperature at 850 hPa and mean sea-level pressure once a day, from {iso(setup.training[0])} to "
        f"{iso(setup.training[1])}. Background errors come from the surrogate's {run.assets.network.step_hours} h "
        f"errors from {iso(setup.errors[0])} to {iso(setup.errors[1])}, with the same estimator in model space and in "
        "latent space. Later years are for verification only.\n\nThe region is small: what enters it within a day is "
        "unknown to the surrogate, so its errors, and the background errors, are large."
    )


def _cycling(run: EuropeRun) -> str:
    return (
        "ERA-Interim is observed at the region's radiosonde stations, geopotential at 500 hPa and temperature at "
        "850 hPa, with the errors of the observation error table. Mean sea-level pressure is not observed. "
        "Analyses of the run without assimilation are its backgrounds, which soon are the climatological mean."
    )


def _case(run: EuropeRun) -> str:
    setup, (latitude, _) = run.assets.setup, station_places(run.case.table, used(run.case.table))
    return (
        f"{len(latitude)} stations of the region are left after quality control. In each of "
        f"{setup.withholding_seeds} draws about {100 * setup.withheld:.0f} % of them are withheld. ERA-Interim has "
        "used the same radiosondes, so the difference from it is no independent error."
    )


def _curves(run: EuropeRun) -> Figure:
    months = run.days.astype("datetime64[M]")
    curves = {}
    for name, errors in run.errors.items():
        first = sorted(set(months.tolist()))
        middles = [as_datetime(str(month)) for month in first]
        curves[name] = (middles, [float(errors[months == month].mean()) for month in first])
    return error_curves(curves, ylabel="error / spread", looks=METHODS, title="Analyses")


def _increments(run: EuropeRun) -> Figure:
    layout, case = run.assets.standardizer.layout, run.case
    states = {METHODS[name].title: one.analysis[0] - case.background for name, one in case.analyses.items()}
    states["ERA-Interim \N{MINUS SIGN} background"] = case.truth - case.background
    fields, titles, units, groups = [], [], [], []
    for title, state in states.items():
        for i, channel in enumerate(layout.channels):
            fields.append(state[i])
            titles.append(f"{title}: {channel_words(channel, layout)}")
            units.append(channel.variable.units)
            groups.append(i)
    return map_panels(
        fields,
        titles,
        layout.grid,
        units,
        signed=True,
        groups=groups,
        columns=len(layout.channels),
        observations=station_places(case.table, used(case.table)),
    )
