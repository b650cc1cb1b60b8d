"""The European experiment in a small world: every part once, and what must hold of each."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from latentda.assimilation import FreeRun
from latentda.cli.app import app
from latentda.experiments.europe.data import convert, store_layout
from latentda.experiments.europe.europe import run_europe
from latentda.experiments.europe.methods import Size, build_analyst, build_intake, build_method, error_samples
from latentda.experiments.europe.real import screened
from latentda.experiments.europe.report import write_europe_report
from latentda.experiments.europe.setup import EuropeSetUp
from latentda.experiments.europe.tables import cycles, forecasts, missed, withheld
from latentda.experiments.europe.tuning import best, read_trials
from latentda.fields import FieldsError, open_store, read_states
from latentda.grid import hours_since_1970
from latentda.observations import column, used
from latentda.workflows.background import State
from tests.cli.test_app import sentence
from tests.experiments.europe.worlds import small_dataset, small_reports, small_setup


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    dataset = small_dataset()
    dataset.to_netcdf(folder / "europe.nc")
    return folder / "europe.nc", small_reports(dataset, folder / "reports.parquet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("europe") / "out"


@pytest.fixture(scope="module")
def made(files, folder):
    return run_europe(*files, small_setup(), folder)


def rmse(run, **wanted):
    rows = [s for s in run.scores if all(getattr(s, k) == v for k, v in wanted.items())]
    assert rows
    return np.mean([s.rmse for s in rows])


def test_the_store_holds_the_file(files, tmp_path):
    store = convert(files[0], tmp_path / "europe.zarr")
    layout = store_layout(store)
    assert layout.names == ("z@500", "t@850", "msl")
    assert not layout.grid.periodic
    states = read_states(open_store(store), layout, [3])[0]
    day = small_dataset().isel(time=3)
    for state, name in zip(states, ("z500", "t850", "msl"), strict=True):
        np.testing.assert_allclose(state, day[name], rtol=1e-6)


def test_a_file_without_the_fields_is_refused(tmp_path):
    small_dataset().drop_vars("msl").to_netcdf(tmp_path / "two.nc")
    with pytest.raises(FieldsError, match="lacks msl"):
        convert(tmp_path / "two.nc", tmp_path / "europe.zarr")
    assert not (tmp_path / "europe.zarr").exists()


def test_the_surrogate_beats_persistence(made):
    day = {"experiment": "europe-forecasts", "channel": "mean", "lead_hours": 24}
    assert rmse(made, method="surrogate", **day) < rmse(made, method="persistence", **day)


@pytest.mark.parametrize("method", ["3dvar", "latent_3dvar"])
def test_observations_help_in_cycles(made, method):
    free = rmse(made, experiment="europe-cycles", method="free_run", channel="z@500", kind="analysis")
    own = rmse(made, experiment="europe-cycles", method=method, channel="z@500", kind="analysis")
    assert own < 0.9 * free


@pytest.mark.parametrize("method", ["3dvar", "latent_3dvar"])
def test_withheld_stations_are_closer_to_the_analysis(made, method):
    rows = [row for row in made.case.fits[method] if row.layer is None and not row.used]
    assert {row.variable for row in rows} == {"z", "t"}
    for row in rows:
        assert row.analysis_rms < row.background_rms


def test_data_between_the_levels_have_no_equivalent(made, files):
    verdict, pressure, variable = (column(made.case.table, name) for name in ("verdict", "pres", "variable"))
    at_level = np.where(variable == "z", pressure == 5e4, pressure == 8.5e4)
    assert (verdict[~at_level] == "no_equivalent").all()
    assert not (verdict[at_level] == "no_equivalent").any()


def test_as_published_means_a_diagonal_and_a_whole_decoding(made):
    assets, size = made.assets, Size(2000.0, 2.0)
    samples = error_samples(assets.error_pairs, assets.code)
    built = {m: build_method(m, size, samples, assets.standardizer, assets.code) for m in EuropeSetUp().methods}
    assert isinstance(built["free_run"], FreeRun)
    published, diagonal = (built[f"latent_3dvar_{form}"].prior for form in ("published", "diagonal"))
    assert (published.form, diagonal.form, built["latent_3dvar"].prior.form) == ("published", "increment", "increment")
    for prior in (published, diagonal):
        spread = np.asarray(prior.background_error.root(np.ones(assets.code.latent_shape)))
        np.testing.assert_allclose(spread, np.sqrt(2.0) * samples.latent.std(axis=0, ddof=1), rtol=1e-5)


def test_the_chosen_size_is_the_best_tried(made, folder):
    for method, rows in read_trials(folder / "sizes.json").items():
        assert made.sizes[method] == best(rows)
        assert {size.factor for size, _ in rows} == {0.5, 1.0}


def test_scores_tables_and_report(made, folder):
    rows = json.loads((folder / "scores.json").read_text())["scores"]
    assert {row["twin"] for row in rows} == {"real"}
    for header, body in (forecasts(made), missed(made), cycles(made), withheld(made)):
        assert body
        assert all(len(row) == len(header) for row in body)
    page = write_europe_report(made, folder / "report.html").read_text()
    assert "Real radiosondes" in page
    assert "http://" not in page


def test_what_is_finished_is_kept(made, files, folder):
    weights = folder / "assets" / "surrogate.safetensors"
    before = weights.stat().st_mtime_ns
    again = run_europe(*files, small_setup(), folder)
    assert weights.stat().st_mtime_ns == before
    assert [s.rmse for s in again.scores] == pytest.approx([s.rmse for s in made.scores])
    with pytest.raises(ValueError, match="holds another experiment"):
        run_europe(*files, small_setup(factors=(1.0,)), folder)


def test_methods_of_elsewhere_are_refused():
    with pytest.raises(ValueError, match="Over Europe there is no hybrid_3dvar"):
        EuropeSetUp(methods=("hybrid_3dvar",))


def test_the_real_radiosondes_of_the_day(made, shared_data):
    pytest.importorskip("eccodes")
    assets = made.assets
    samples = error_samples(assets.error_pairs, assets.code)
    intake = build_intake(samples, assets.standardizer)
    analyst = build_analyst("3dvar", Size(2000.0, 1.0), samples, assets.model, assets.code, intake)
    state = State(made.case.background, int(hours_since_1970("2008-12-08T12")), "a forecast")
    table = screened(shared_data / "obs_ecmwf_bufr/temp_2008120812_global.bufr", state, analyst)
    kept = used(table)
    assert set(column(table, "variable")[kept]) == {"z", "t"}
    assert np.isfinite(column(table, "error")[kept]).all()
    others = np.isin(column(table, "variable"), ("z", "t"), invert=True)
    assert set(column(table, "verdict")[others]) == {"not_assimilated"}


@pytest.mark.parametrize("missing", ["data.nc", "reports.parquet"])
def test_the_command_names_a_file_that_is_not_there(tmp_path, missing):
    named = {"--data": "data.nc", "--reports": "reports.parquet", "--out": "o"}
    for name in {"data.nc", "reports.parquet"} - {missing}:
        (tmp_path / name).write_bytes(b"something")
    arguments = [part for option, name in named.items() for part in (option, str(tmp_path / name))]
    assert missing in sentence(CliRunner().invoke(app, ["experiment", "europe", *arguments]))
    assert not (tmp_path / "o").exists()
