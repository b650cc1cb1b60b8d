"""The report of a cycled experiment: methods side by side over all its seeds, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy import ndarray

from latentda.experiments.twin.findings import Finding, Findings
from latentda.figures import Looks, error_curves, score_bars, score_heat
from latentda.figures.minimisation import minimisation_figure
from latentda.figures.style import TRUTH
from latentda.grid import iso
from latentda.methods import METHODS
from latentda.reports.endings import Facts, converged_share, endings, mean_fact
from latentda.reports.page import Cell, Report
from latentda.verification import MEAN_CHANNEL, Score
from latentda.verification.comparison import Comparison, best_reference, compare

MEAN_SPREAD = "error / climatological spread"
NOISE, ENERGY = "surface_pressure_noise", "kinetic_energy"
LOOKS: Looks = {**METHODS, "truth": TRUTH}
MISFITS = ("geostrophic_misfit", "gradient_wind_misfit")


def write_experiment_report(findings: Findings, path: Path) -> Path:
    """Write the report and return its path."""
    setup, scores = findings.setup, findings.scores()
    report = Report(
        f"Experiment {setup.name}",
        f"{setup.twin.capitalize()} twin, network {setup.network}, analyses every {setup.interval_hours} h, "
        f"scored days: {setup.scored_days}, after {setup.spinup_days} of spin-up, "
        f"seeds: {', '.join(map(str, findings.seeds))}",
    )
    report.section("What this is", _introduction(findings))
    _tables(report, findings, scores)
    _time(report, findings)
    _channels(report, findings, scores)
    _leads(report, findings, scores)
    _balance(report, findings)
    _facts(report, findings)
    return report.write(path)


def _introduction(findings: Findings) -> str:
    setup = findings.setup
    world = (
        "the same model" if setup.identical else "the same model with changed physics parameters (an imperfect model)"
    )
    text = (
        "The truth is a run of a global atmosphere model (SPEEDY physics, T31, 8 levels); the forecasts come from "
        f"{world}. Every seed stands for other observation errors and another season. Within a seed all methods start "
        f"from the same {setup.background_days}-day-old forecast and see the same observations, and what they reach "
        "is compared within the seed. Errors are means over all channels of root mean square error over climatological "
        "spread: 1 is as bad as guessing the season's average."
    )
    if findings.unfinished:
        text += f"\n\nShorter than the others, and left out: {', '.join(findings.unfinished)}."
    return text


def _tables(report: Report, findings: Findings, scores: Sequence[Score]) -> None:
    reference = best_reference(scores)
    against = (
        f"ratios to {METHODS[reference].title}, the best model-space method"
        if reference
        else "no 3D-Var to compare with"
    )
    report.section("Errors", f"Means over seeds; {against}, are means over seeds of the ratio within a seed.")
    header = ["method", "what", "error", "ratio", "standard error", "seeds"]
    rows: list[list[Cell]] = [
        [METHODS[row.method].title, words, row.error, row.ratio, row.standard_error, row.seeds]
        for kind, lead, words in _kinds(findings)
        for row in compare(scores, kind, lead)
    ]
    report.table(header, rows, "Error over climatological spread, mean over channels.")


def _kinds(findings: Findings) -> list[tuple[str, int, str]]:
    leads = findings.setup.leads if any(run.record.forecasts for run in findings.runs) else ()
    shown = [lead for lead in leads if lead % 24 == 0 and (lead in (24, 72) or lead == leads[-1])]
    forecasts = [("forecast", lead, f"{lead // 24}-day forecast") for lead in shown]
    return [("background", 0, "background"), ("analysis", 0, "analysis"), *forecasts]


def _time(report: Report, findings: Findings) -> None:
    report.section(
        "Error against time",
        "Solid lines are the analyses, dashed ones the forecasts they start from. Scores begin after spin-up.",
    )
    for seed in findings.seeds:
        runs = {run.method: run for run in findings.runs if run.seed == seed}
        assimilating = {m: run for m, run in runs.items() if run.factor is not None}
        first = next(iter(runs.values()))
        figure = error_curves(
            {m: (run.times, run.mean_errors("analysis", findings.spread)) for m, run in runs.items()},
            {m: (run.times, run.mean_errors("background", findings.spread)) for m, run in assimilating.items()},
            ylabel=MEAN_SPREAD,
            looks=METHODS,
            title=f"Seed {seed}: errors of analyses (solid) and of the forecasts they start from (dashed)",
        )
        scored = iso(first.times[first.setup.spinup_cycles])
        report.figure(
            figure, f"Seed {seed}, scored from {scored}: mean over all channels of the error over the spread."
        )


def _channels(report: Report, findings: Findings, scores: Sequence[Score]) -> None:
    reference = best_reference(scores)
    if reference is None:
        return
    report.section(
        "Error by channel", f"Against {METHODS[reference].title}: the mean over seeds of the ratio within a seed."
    )
    names = [*findings.layout.names, MEAN_CHANNEL]
    kinds = [("analysis", 0, "analysis"), *[k for k in _kinds(findings) if k[0] == "forecast"][-1:]]
    for method in findings.methods:
        if method in (reference, "free_run"):
            continue
        for kind, lead, words in kinds:
            compared = {name: _row(compare(scores, kind, lead, name), method) for name in names}
            ratios = {name: row.ratio for name, row in compared.items() if row is not None and row.ratio is not None}
            if ratios:
                title = f"{METHODS[method].title}: {words}"
                figure = score_heat(ratios, dict.fromkeys(ratios, 1.0), title=title)
                report.figure(figure, f"Blue: smaller error than {METHODS[reference].title}.")


def _row(rows: Sequence[Comparison], method: str) -> Comparison | None:
    return next((row for row in rows if row.method == method), None)


def _leads(report: Report, findings: Findings, scores: Sequence[Score]) -> None:
    leads = findings.setup.leads
    if not any(s.kind == "forecast" for s in scores):
        return
    report.section("Forecasts", "From every start of the scored periods of all seeds; day 0 is the analysis.")
    days = np.asarray([0, *leads]) / 24.0
    curves = {method: (days, _error_by_lead(scores, method, leads)) for method in findings.methods}
    figure = error_curves(
        curves, ylabel=MEAN_SPREAD, looks=METHODS, xlabel="lead time (days)", title="Forecast error against lead time"
    )
    report.figure(figure, "Mean over channels and seeds.")
    reference = best_reference(scores)
    if reference is None:
        return
    last = [s for s in scores if (s.kind, s.lead_hours, s.channel) == ("forecast", leads[-1], MEAN_CHANNEL)]
    base = {s.seed: s.rmse for s in last if s.method == reference}
    bars = {m: [s.rmse / base[s.seed] for s in last if s.method == m and s.seed in base] for m in findings.methods}
    bars = {method: values for method, values in bars.items() if values}
    if bars:
        figure = score_bars(
            bars,
            looks=METHODS,
            xlabel=f"error / error of {METHODS[reference].title}",
            title=f"{leads[-1] // 24}-day forecasts",
            reference=1.0,
        )
        report.figure(figure, "Ratios within a seed: bars are means over seeds, dots the seeds.")


def _error_by_lead(scores: Sequence[Score], method: str, leads: Sequence[int]) -> list[float]:
    kinds = [("analysis", 0), *(("forecast", lead) for lead in leads)]
    rows = (_row(compare(scores, kind, lead), method) for kind, lead in kinds)
    return [row.error if row is not None else float("nan") for row in rows]


def _balance(report: Report, findings: Findings) -> None:
    wanted: dict[str, Sequence[Finding]] = {"truth": findings.runs}
    wanted |= {method: findings.of_method(method) for method in findings.methods}
    if _mean_diagnostic(findings.runs, "truth_" + NOISE) is None:
        return
    report.section(
        "Balance of the analyses",
        "A state out of balance sheds fast gravity waves when a forecast starts from it, which raise the tendency of "
        "surface pressure above that of the weather. The reference is the same model started from the truth. The "
        "misfits are |V - V_balanced| / |V| between 20 and 75 degrees, all levels.",
    )
    rows: list[list[Cell]] = []
    noise, energy = {}, {}
    for method, runs in wanted.items():
        prefix = "truth_" if method == "truth" else ""
        found = [_mean_diagnostic(runs, prefix + name) for name in (NOISE, *MISFITS, ENERGY)]
        if any(one is None for one in found):
            continue
        series, *misfits, spectrum = (np.asarray(one) for one in found)
        noise[method] = (12.0 * (np.arange(series.size) + 0.5) / series.size, series)
        energy[method] = (np.arange(1, spectrum.size), spectrum[1:])
        rows.append([LOOKS[method].title, float(series.mean()), *map(float, misfits)])
    report.table(
        ["", "noise (hPa / 3 h)", "geostrophic misfit", "gradient-wind misfit"], rows, "Means over all starts."
    )
    curves = error_curves(
        noise,
        looks=LOOKS,
        ylabel="mean |tendency of surface pressure| (hPa / 3 h)",
        xlabel="hours into the forecast",
        title="Noise of the first 12 h",
    )
    report.figure(curves, "Mean over all starts of forecasts and all seeds.")
    spectra = error_curves(
        energy,
        looks=LOOKS,
        ylabel="kinetic energy (m² s⁻²)",
        xlabel="total wavenumber",
        title="Kinetic energy of the analyses",
    )
    power = np.concatenate([values for _, values in energy.values()])
    for axes in spectra.axes:
        axes.set_yscale("log")
        axes.set_ylim(0.7 * power.min(), 1.4 * power.max())
    report.figure(spectra, "Mean over levels, starts and seeds.")


def _mean_diagnostic(runs: Sequence[Finding], name: str) -> ndarray | None:
    series = [f.diagnostics[name] for run in runs for f in run.record.forecasts if name in f.diagnostics]
    return np.mean(np.asarray(series, float), axis=0) if series else None


def _facts(report: Report, findings: Findings) -> None:
    keys = ("used", "refused", "iterations", "misfit_background", "misfit_analysis")
    rows: list[list[Cell]] = []
    scored: dict[str, list[Facts]] = {}
    for method in findings.methods:
        runs = findings.of_method(method)
        facts = [cycle.facts for run in runs for cycle in run.scored if "misfit_analysis" in cycle.facts]
        if facts:
            means = [mean_fact(facts, key) for key in keys]
            scored[METHODS[method].title] = facts
            factor = runs[0].factor if METHODS[method].sized else None
            rows.append([METHODS[method].title, factor, *means, converged_share(facts)])
    if not rows:
        return
    report.section(
        "Fit to the observations",
        "Means over the scored cycles; the misfits are mean squares in units of the observation error. The factor is "
        "that on the variances of the method's background error.",
    )
    header = ["method", "factor", "data used", "refused", "iterations", "O-B (σo²)", "O-A (σo²)", "converged"]
    report.table(header, rows, "What the analyses did with the data.")
    report.text(endings(scored))
    seed = findings.seeds[0]
    minimised = {
        run.method: (np.asarray(run.times), [cycle.facts for cycle in run.record.cycles])
        for run in findings.runs
        if run.seed == seed and all("gradient_reduction" in cycle.facts for cycle in run.record.cycles)
    }
    if minimised:
        figure = minimisation_figure(minimised, f"Seed {seed}: minimisations", METHODS)
        report.figure(figure, "Of every cycle: J, the reduction of its gradient, and the fit to the data used.")
