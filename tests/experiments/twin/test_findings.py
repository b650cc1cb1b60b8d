"""Runs read back from a folder, and the report of several seeds and methods."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from latentda.experiments.twin.diagnostics import DIAGNOSTICS
from latentda.experiments.twin.findings import read_findings
from latentda.experiments.twin.nature import Nature
from latentda.experiments.twin.record import CycleErrors, ForecastErrors, RunRecord, write_record
from latentda.experiments.twin.report import write_experiment_report
from latentda.experiments.twin.run import RECORD, Run
from latentda.networks import write_autoencoder
from latentda.user_error import UserError
from latentda.verification import ErrorSums
from latentda.verification.comparison import compare
from tests.cycling.conftest import LAYOUT
from tests.experiments.worlds import FIRST, SETUP, still_world, untrained_code

CHANNELS = LAYOUT.shape[0]
SERIES = ("surface_pressure_noise", "kinetic_energy")
SIZES = {"free_run": 1.0, "3dvar": 0.5, "latent_3dvar": 0.4}


def sums(size, rng):
    error = size * rng.uniform(0.9, 1.1, CHANNELS)
    return ErrorSums(1, 0.1 * error, error**2)


def made_up(size, seed, cycles=6):
    rng = np.random.default_rng(seed)
    facts = {"used": 9, "refused": 1, "iterations": 7, "misfit_background": 2.0, "misfit_analysis": 1.0}
    facts |= {"cost_background": 9.0, "cost_analysis": 6.0, "gradient_reduction": 0.01}
    facts |= {"observation_cost_background": 1.0, "observation_cost_analysis": 0.5}
    record = RunRecord()
    for k in range(cycles):
        forecast = None
        if SETUP.starts_forecast(k):
            found = {name: [2.0, 1.0, 0.5] if name in SERIES else 0.3 for name in DIAGNOSTICS}
            found |= {f"truth_{name}": value for name, value in found.items()}
            forecast = ForecastErrors(
                FIRST + 12 * k, SETUP.leads, tuple(sums(2 * size, rng) for _ in SETUP.leads), found
            )
        errors = CycleErrors(FIRST + 12 * k, sums(1.2 * size, rng), sums(size, rng), facts | {"result": "converged"})
        record = record.grown(errors, np.zeros(LAYOUT.shape, np.float32), forecast)
    return record


@pytest.fixture
def world(tmp_path):
    return still_world(tmp_path / "world")


@pytest.fixture
def folder(tmp_path, world):
    nature = Nature(tmp_path / "nature.zarr", FIRST, "digest")
    for method, size in SIZES.items():
        for seed in (0, 1):
            run = Run(SETUP, method, seed, tmp_path, nature, world)
            run.claim(run.folder)
            write_record(made_up(size, seed), run.folder / RECORD)
    return tmp_path / SETUP.name


def test_all_runs_are_found_in_order(folder, world):
    findings = read_findings(folder, world)
    assert findings.methods == ("free_run", "3dvar", "latent_3dvar")
    assert findings.seeds == (0, 1)
    assert findings.setup == SETUP
    assert [run.factor for run in findings.of_method("3dvar")] == [2.0, 2.0]
    assert findings.of_method("free_run")[0].factor is None
    rows = {row.method: row for row in compare(findings.scores(), "analysis")}
    # The same draws within a seed: the ratio is that of the sizes, exactly.
    assert rows["latent_3dvar"].ratio == pytest.approx(0.8)
    assert rows["latent_3dvar"].standard_error == pytest.approx(0.0, abs=1e-12)


def test_a_shorter_run_is_named_and_left_out(folder, world):
    write_record(made_up(0.4, 1, cycles=3), folder / "latent_3dvar" / "seed_1" / RECORD)
    findings = read_findings(folder, world)
    assert findings.unfinished == ("latent_3dvar seed 1",)
    assert len(findings.of_method("latent_3dvar")) == 1


def test_the_report_shows_every_seed_method_and_the_noise(folder, world, tmp_path):
    write_record(made_up(0.4, 1, cycles=3), folder / "latent_3dvar" / "seed_1" / RECORD)
    html = write_experiment_report(read_findings(folder, world), tmp_path / "report.html").read_text("utf-8")
    for words in ("Seed 0", "Seed 1", "latent 3D-Var", "geostrophic misfit", "latent_3dvar seed 1"):
        assert words in html
    # Curves of two seeds, heat of analysis and forecast, forecasts' curves and bars, noise, spectra, minimisations.
    assert html.count("<figure>") == 9


def test_other_folders_and_other_worlds_are_refused(folder, world, tmp_path):
    with pytest.raises(UserError, match="holds no run"):
        read_findings(tmp_path / "nowhere", world)
    write_autoencoder(untrained_code(LAYOUT, seed=1), world.file("autoencoder"))
    with pytest.raises(UserError, match=r"latent_3dvar.*was run with another world"):
        read_findings(folder, world)


def test_runs_of_another_experiment_in_the_folder_are_refused(folder, world):
    run = Run(replace(SETUP, network="sonde"), "3dvar", 7, folder.parent, Nature(Path("n"), FIRST, "d"), world)
    run.claim(run.folder)
    write_record(made_up(0.5, 7), run.folder / RECORD)
    with pytest.raises(ValueError, match="different experiments"):
        read_findings(folder, world)
