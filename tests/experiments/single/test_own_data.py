"""Single observations in worlds of users: reports of a file, no surface pressure, regions, rows on the poles."""

import json
from dataclasses import replace
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from latentda.assimilation.intake import Intake
from latentda.cli.app import app
from latentda.experiments.single.analysis import SingleAnalyst, single_observation
from latentda.experiments.single.background import Background, read_background
from latentda.experiments.single.observation import SingleObservation, usual_place
from latentda.experiments.single.reports import MOST, SingleReports
from latentda.experiments.single.results import write_single_results
from latentda.fields import Standardizer, unit_standardizer
from latentda.grid import PressureLevels, build_layout, lat_lon_grid, regional_grid
from latentda.priors import estimate_localized
from latentda.workflows.assimilate import read_reports
from tests.workflows.own_data import sample, world
from tests.worlds import SIZE, TYPICAL, sizes_of


@pytest.fixture(scope="module")
def background():
    return read_background(sample() / "background.nc", world())


def background_variance(operator, state):
    """h^T B h of a term's only datum."""
    covariance, scale = world().error("model"), jnp.asarray(world().standardizer.scale)[:, None, None]

    def equivalent(field):
        return operator(jnp.asarray(state) + scale * field)[0]

    row = jax.grad(equivalent)(jnp.zeros(world().layout.shape))
    return float(jnp.sum(row * covariance.apply(row)))


@pytest.fixture(scope="module")
def reports():
    """A few reports, one of them of another day and one above the top."""
    frame = read_reports([sample() / "soundings.csv", sample() / "surface.parquet"]).to_pandas()
    aloft = frame[(frame["variable"] == "t") & frame["pres"].between(45_000, 75_000)].index[0]
    sea = frame[frame["variable"] == "msl"].index[0]
    own = frame.loc[[aloft, sea, aloft, aloft]].reset_index(drop=True)
    own.loc[2, "pres"] = 1_000.0
    own.loc[3, "time"] += pd.Timedelta(days=1)
    return read_reports([own])


@pytest.fixture(scope="module")
def made(background, reports):
    with pytest.warns(UserWarning, match="1 of 3 data have no equivalent"):
        chosen = SingleReports(reports, background, world())
    return chosen, list(chosen.analyses(SingleAnalyst(background, ["3dvar"], world())))


def test_the_increment_of_each_report_is_what_the_two_errors_allow(made, background):
    chosen, cases = made
    assert len(chosen) == len(cases) == 2
    assert {one.observation.variable for (one,) in cases} == {"t", "msl"}
    for row, (one,) in enumerate(cases):
        datum, term = one.observation, chosen.intake.term(chosen.table.slice(row, 1), background.hours)
        variance = background_variance(term.operator, background.state)
        expected = variance / (variance + datum.error**2) * datum.departure
        before, after = (
            float(term.operator(jnp.asarray(x))[0]) for x in (background.state, background.state + one.increment)
        )
        assert after - before == pytest.approx(expected, rel=0.02)
        assert np.sign(after - before) == np.sign(datum.departure)
        assert one.fitted == pytest.approx(expected / datum.departure, abs=0.01)


def test_one_report_has_one_section_of_the_page(made, tmp_path):
    rows, files = write_single_results(made[1], world().layout, tmp_path / "out")
    assert [path.name for path in files] == ["increments.json", "report.html"]
    assert len(json.loads(files[0].read_text())["increments"]) == len(rows) == 2
    page = files[1].read_text()
    assert page.count("<h2") == 3
    for (one,) in made[1]:
        assert one.observation.station in page


def test_reports_that_cannot_be_taken_one_by_one_are_refused(background, reports):
    late = replace(background, hours=background.hours + 240)
    with pytest.raises(ValueError, match="None of the 4 data is usable and within 3 h"):
        SingleReports(reports, late, world())
    many = read_reports([sample() / "soundings.csv"])
    with pytest.raises(ValueError, match=f"choose at most {MOST}"):
        SingleReports(many, background, world())


def test_a_variable_that_no_channel_holds_is_looked_at_where_it_changes_most(background):
    layout = world().layout
    (made,) = single_observation(SingleObservation("tv", 10.0, 20.0, 1.0, 1.0, 500.0), background, ["3dvar"], world())
    changed = np.abs(made.increment).max((1, 2)) / np.asarray(world().standardizer.scale)
    assert made.channel == changed.argmax()
    assert "tv" not in layout.variables
    with pytest.raises(ValueError, match=r"has no tcwv .* cannot be derived"):
        single_observation(SingleObservation("tcwv", 10.0, 20.0, 1.0, 1.0), background, ["3dvar"], world())


def test_the_command_takes_a_file(tmp_path):
    frame = pd.read_csv(sample() / "soundings.csv")
    frame.iloc[[100]].to_csv(tmp_path / "net.csv", index=False)
    command = ["single-observation", "--world", str(world().folder), "--background", str(sample() / "background.nc")]
    done = CliRunner().invoke(
        app, [*command, "--observations", str(tmp_path / "net.csv"), "--out", str(tmp_path / "o")]
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "o" / "report.html").exists()


def small_world(grid):
    """A world of thicknesses alone, whose background errors are localised samples."""
    layout = build_layout(grid, PressureLevels((500.0, 850.0)), {"z": (500.0, 850.0)}, ())
    errors = np.random.default_rng(0).normal(size=(20, *layout.shape)).astype(np.float32)
    covariance = estimate_localized(
        errors - errors.mean(0), np.asarray(grid.latitude), np.asarray(grid.longitude), localization_radius_km=3000.0
    )
    mean = jnp.broadcast_to(jnp.asarray(sizes_of(layout, TYPICAL), jnp.float32), layout.shape)[None]
    climatology = replace(unit_standardizer(layout).climatology, coefficients=mean)
    scales = Standardizer(climatology, jnp.asarray(sizes_of(layout, SIZE)[:, 0, 0], jnp.float32), layout)
    return SimpleNamespace(standardizer=scales, layout=layout, error={"model": covariance}.__getitem__)


REGION = regional_grid(np.linspace(30.0, 70.0, 5), np.linspace(350.0, 390.0, 6))
POLES = lat_lon_grid(7, 8, poles=True)


@pytest.mark.parametrize(("grid", "place"), [(REGION, usual_place(REGION, (0.0, 0.0))), (POLES, (90.0, 30.0))])
def test_regions_and_poles(grid, place, tmp_path):
    own = small_world(grid)
    state = read_background("climatology", own)
    observation = SingleObservation("z", *place, -200.0, 100.0, 500.0)
    made = single_observation(observation, state, ["3dvar"], own)
    intake = Intake(own.layout, np.zeros(grid.shape))
    table = observation.table(0.0, state.hours)
    change = intake.equivalents(table, state.state + made[0].increment) - intake.equivalents(table, state.state)
    assert change[0] == pytest.approx(-200.0 * made[0].fitted, rel=0.02)
    assert 0.0 < made[0].fitted < 1.0
    rows, files = write_single_results([made], own.layout, tmp_path, pictures=True)
    # Of a geopotential there is neither energy nor balance.
    assert rows[0][0]["balance"] is rows[0][0]["energy_share_of_other_variables"] is None
    assert files[0].stat().st_size > 10_000
    with pytest.raises(ValueError, match="off its grid"):
        single_observation(replace(observation, level_hpa=100.0), Background("x", 0, state.state), ["3dvar"], own)


def test_the_usual_place_is_on_the_grid():
    assert usual_place(POLES, (46.1, 14.5)) == (46.1, 14.5)
    assert usual_place(REGION, (46.1, 14.5)) == (46.1, 14.5)
    assert usual_place(REGION, (46.1, 200.0)) == (50.0, 10.0)
