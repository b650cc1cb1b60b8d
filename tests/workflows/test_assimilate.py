"""One analysis of one's own: what it writes, and what it says where something is wrong."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import xarray as xr

from latentda import World, assimilate
from latentda.fields import open_store, read_states
from latentda.forecast import NumpyModel
from latentda.observations import read_observations
from latentda.user_error import UserError
from latentda.verification import read_scores, require_feedback, total_energy
from tests.workflows.own_data import CASE, sample, settings, small_layout, world


@pytest.fixture(scope="module")
def result():
    files = sample()
    reports = [files / "soundings.csv", files / "surface.parquet"]
    chosen = settings(withheld=0.25, posterior=8, pairs=20, keep_members=True, factor=None)
    chosen = replace(chosen, impact=files / "truth.zarr", iterations=60, tolerance=1e-3)
    with pytest.warns(UserWarning, match="20 eigenpairs tell .* of the .* degrees of freedom"):
        return assimilate(World(world().folder), files / "background.nc", reports, method="3dvar", settings=chosen)


@pytest.fixture(scope="module")
def written(result, tmp_path_factory):
    return result.write(tmp_path_factory.mktemp("out"))


def error(dataset):
    truth = read_states(open_store(sample() / "truth.zarr"), world().layout, [CASE])[0]
    state = read_states(dataset, world().layout)[0]
    return np.sqrt(((state - truth) ** 2).mean((1, 2)))


def test_the_analysis_is_nearer_to_the_truth_than_the_background(result):
    ratio = error(result.analysis) / error(result.background)
    assert ratio.mean() < 0.85


def test_withheld_reports_are_nearer_to_the_analysis(result):
    fits = [fit for fit in result.done.fits() if fit.layer is None and not fit.used]
    assert {"t", "u", "v", "msl"} <= {fit.variable for fit in fits}
    assert np.mean([fit.analysis_rms / fit.background_rms for fit in fits]) < 0.9


def test_fields_are_as_others_write_them(written):
    with xr.open_dataset(written["analysis"]) as dataset, xr.open_dataset(written["increment"]) as increment:
        assert dataset["temperature"].dims == ("time", "level", "latitude", "longitude")
        assert dataset["temperature"].attrs["standard_name"] == "air_temperature"
        assert dataset["level"].dtype.kind == "i"
        assert str(dataset["time"].values[0])[:13] == CASE
        for name in ("latentda_world", "latentda_inputs", "latentda_settings", "source"):
            assert dataset.attrs[name]
        with xr.open_dataset(written["background"]) as background:
            np.testing.assert_allclose(
                dataset["temperature"] - background["temperature"], increment["temperature"], atol=1e-4
            )


def test_every_datum_of_every_file_is_in_the_feedback(written):
    told = pq.read_table(written["feedback"])
    require_feedback(told, written["feedback"])
    files = [read_observations(sample() / name) for name in ("soundings.csv", "surface.parquet")]
    assert told.num_rows == sum(table.num_rows for table in files)
    used = told["used"].to_numpy()
    assert (np.asarray(told["verdict"].to_pylist())[~used] != "").all()


def test_scores_and_report(written):
    assert {row["used"] for row in json.loads(written["scores"].read_text())["scores"]} == {True, False}
    page = written["report"].read_text()
    assert "sha256" in page
    assert "http://" not in page


def test_the_spread_is_that_of_the_members_and_smaller_than_the_background_error(result):
    assert result.members.sizes["number"] == 8
    spread = read_states(result.spread, world().layout)[0]
    assert (spread > 0).all()
    members = np.stack([read_states(result.members.isel(number=k), world().layout)[0] for k in range(8)])
    centre = read_states(result.analysis, world().layout)[0]
    about = np.sqrt(((members - centre) ** 2).mean(0))
    # Both are of eight draws.
    assert 0.6 < (about.mean((1, 2)) / spread.mean((1, 2))).mean() < 1.6


def test_impacts_add_up_to_what_the_analysis_did_to_the_forecast(result, written):
    # Model and operators are linear.
    impact, layout = result.impact, world().layout
    assert impact.explained == pytest.approx(1.0, abs=0.02)
    later = np.datetime64(CASE, "h") + np.timedelta64(24, "h")
    truth = read_states(open_store(sample() / "truth.zarr"), layout, [later])[0]
    for dataset, error in ((result.background, impact.background_error), (result.analysis, impact.analysis_error)):
        # The world's model is persistence.
        assert sum(total_energy(read_states(dataset, layout)[0] - truth, layout).values()) == pytest.approx(error, 1e-3)
    assert impact.analysis_error < impact.background_error
    told = json.loads(written["scores"].read_text())["impact"]
    assert (told["lead_hours"], told["units"]) == (24, "J kg-1")
    assert sum(row["impact"] for row in told["rows"]) == pytest.approx(result.feedback["impact"].sum(), rel=1e-4)
    assert "What the data did to the forecast" in written["report"].read_text()
    assert read_scores(written["scores"])


def test_only_used_data_have_an_impact(result, written):
    told = result.feedback
    assert (told["verdict"] == "withheld").any()
    assert (told["impact"].notna() == told["used"]).all()
    assert pq.read_schema(written["feedback"]).field("impact").metadata == {b"units": b"J kg-1"}


STILL = NumpyModel(lambda state, hours: state, layout=small_layout(), step_hours=6)


@pytest.mark.parametrize(
    ("change", "model", "sentence"),
    [
        ({"lead_hours": 240}, None, "verifying state in .* a state of 2019-02-15 00 UTC is wanted"),
        ({"lead_hours": 5}, None, "multiples of 6 h"),
        ({"impact": "nowhere.zarr"}, None, "nowhere.zarr"),
        ({}, STILL, "NumpyModel has no derivative: the impact of data is told with persistence"),
    ],
)
def test_an_impact_that_cannot_be_told_is_refused(change, model, sentence):
    files = sample()
    chosen = settings(**{"impact": files / "truth.zarr", **change})
    with pytest.raises(UserError, match=sentence):
        assimilate(world(), files / "background.nc", files / "soundings.csv", model=model, settings=chosen)


def test_a_frame_and_a_dataset_serve_as_well():
    files = sample()
    frame = pd.read_csv(files / "soundings.csv")
    with xr.open_dataset(files / "background.nc") as background:
        made = assimilate(world(), background.load(), frame, method="3dvar", settings=settings())
    assert made.facts["used"] > 0
    assert list(made.feedback["verdict"].unique())
    assert made.plot("t", 500).axes


def test_without_data_at_the_time_the_sentence_counts_the_verdicts():
    with pytest.raises(UserError, match=r"None of the \d+ data can be used .*outside_window"):
        assimilate(
            world(), sample() / "background.nc", sorted((sample() / "later").glob("*"))[-1], method="3dvar",
            settings=settings(),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d.isel(latitude=slice(None, None, -1)).assign_coords(latitude=d["latitude"]), "upside down"),
        (lambda d: d.assign(temperature=d["temperature"] - 273.15), "standard deviations"),
        (lambda d: d.assign(temperature=d["temperature"].where(d["temperature"] > 250.0)), "NaN"),
        (lambda d: d.drop_vars("msl", errors="ignore").drop_vars("mean_sea_level_pressure"), "lacks"),
        (lambda d: d.isel(latitude=slice(0, 4)), "grid"),
        (lambda d: d.assign_coords(time=d["time"] + np.timedelta64(6, "h")), "valid at the time"),
    ],
)
def test_a_foreign_background_is_refused(change, sentence):
    with xr.open_dataset(sample() / "background.nc") as dataset:
        background = change(dataset.load())
    with pytest.raises(UserError, match=sentence):
        assimilate(world(), background, sample() / "soundings.csv", CASE, method="3dvar", settings=settings())


def test_a_window_takes_the_data_of_each_of_its_times():
    files = sample()
    later = sorted((files / "later").glob("*_06.parquet"))[0]
    made = assimilate(
        world(), files / "background.nc", [files / "surface.parquet", later], method="4dvar", settings=settings()
    )
    assert made.analysis.sizes["time"] == 2
    used = made.feedback[made.feedback["used"]]
    assert set(used["time"].dt.round("6h").dt.hour) == {0, 6}


def test_methods_that_make_no_analysis_are_refused():
    with pytest.raises(UserError, match="makes no analysis"):
        settings(method="free_run")
