"""Cycles of one's own: a run that is killed goes on, and leaves what others open."""

import gc
import json
import shutil

import numpy as np
import pytest
import xarray as xr

from latentda.cycling.kept import KIND
from latentda.experiments.sample.reports import ERRORS
from latentda.fields import open_store, read_states
from latentda.files import read_arrays
from latentda.observations import read_observations, select
from latentda.user_error import UserError
from latentda.workflows import report_files
from latentda.workflows.cycle import cycle
from latentda.workflows.report_files import ReportFiles, files_of
from latentda.workflows.verify import verify, verify_at_points
from tests.workflows.own_data import CASE, sample, settings, world

END = "2019-02-05T12"


def run(folder, end=END, **changes):
    files = sample()
    # At 06 UTC there are none.
    reports = [files / "surface.parquet", str(files / "later" / "*_12.parquet")]
    chosen = {"method": "3dvar", "settings": settings(factor=None), "leads": (6, 12), **changes}
    return cycle(world(), files / "background.nc", reports, CASE, end, folder, **chosen)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("cycle") / "run"
    with pytest.warns(UserWarning, match="No datum could be used at 1 of the analysis times .2019-02-05 06 UTC"):
        assert run(out).empty == ["2019-02-05 06 UTC"]
    return out


def test_analyses_are_nearer_to_the_truth_than_backgrounds(folder):
    truth = sample() / "truth.zarr"
    errors = {name: verify(folder / f"{name}.zarr", truth).sums.rmse for name in ("analysis", "background")}
    assert (errors["analysis"] / errors["background"]).mean() < 0.9


def test_stores_open_at_once_and_say_where_they_come_from(folder, recwarn):
    with xr.open_zarr(folder / "analysis.zarr") as analysis, xr.open_zarr(folder / "forecast.zarr") as forecast:
        assert analysis.sizes["time"] == 3
        assert analysis.attrs["latentda_method"] == "3dvar"
        assert forecast["temperature"].dims[:2] == ("time", "prediction_timedelta")
        np.testing.assert_array_equal(forecast["prediction_timedelta"].values, np.array([6, 12], "timedelta64[h]"))
        # The model is persistence.
        held = analysis["temperature"].values
        np.testing.assert_allclose(forecast["temperature"].isel(prediction_timedelta=1).values, held, rtol=1e-6)
    assert not [one for one in recwarn if "onsolidated" in str(one.message)]


def test_feedback_scores_and_report(folder):
    assert len(list(folder.glob("feedback_*.parquet"))) == 2
    assert json.loads((folder / "scores.json").read_text())["scores"]
    assert "2 analyses" in (folder / "report.html").read_text()


def test_a_run_goes_on_from_what_is_there_and_ends_the_same(folder, tmp_path):
    whole = read_states(open_store(folder / "analysis.zarr"), world().layout)
    shutil.copytree(folder, tmp_path / "run")
    (tmp_path / "run" / "cycle_00002.safetensors").unlink()
    run(tmp_path / "run", leads=())
    again = read_states(open_store(tmp_path / "run" / "analysis.zarr"), world().layout)
    np.testing.assert_allclose(again, whole, rtol=1e-5)


def test_every_analysis_with_data_has_its_own_size_of_the_background_error(folder):
    files = sorted(folder.glob("cycle_*.safetensors"))
    factors = [read_arrays(file, KIND)[1]["facts"]["factor"] for file in files]
    assert factors[1] == 1.0  # there are no data
    assert len({*factors}) == 3
    assert min(factors) > 0.0


def test_offsets_that_leave_out_the_analysis_are_refused():
    with pytest.raises(UserError, match="lack 0"):
        settings(offsets=(-3, 3))


def test_another_run_does_not_go_on_there(folder):
    with pytest.raises(UserError, match="holds another run"):
        run(folder, settings=settings(first_guess_factor=3.0))


def test_patterns_that_mean_no_file_are_named():
    with pytest.raises(UserError, match="means no file"):
        files_of([sample() / "later" / "*.bufr"])


def test_reports_are_counted_in_one_window_only_and_files_read_once(monkeypatch):
    sizes = {}

    def once(path, columns):
        assert path not in sizes
        table = read_observations(path, columns)
        sizes[path] = table.num_rows
        return table

    monkeypatch.setattr(report_files, "read_observations", once)
    reports = ReportFiles(files_of([sample() / "later", sample() / "surface.parquet"]))
    hours = int(np.datetime64(CASE, "h").astype(int))
    counts = [reports.within(hours + 6 * k, 3.0, 3.0).num_rows for k in range(-1, 12)]
    assert sum(counts) == sum(sizes.values())
    assert list(sizes) == reports.paths


def test_decoded_files_go_with_their_reports_and_windows_hold_whole_rows():
    reports = ReportFiles([sample() / "surface.parquet"])
    hours = int(np.datetime64(CASE, "h").astype(int))
    table, known = reports.within(hours, 3.0, 3.0), read_observations(sample() / "surface.parquet")
    assert table.schema == known.schema
    time = known["time"].to_numpy()
    inside = np.abs(time - np.datetime64(CASE, "ns")) <= np.timedelta64(3, "h")
    assert table.drop_columns("obs_id") == select(known, inside).drop_columns("obs_id").combine_chunks()
    assert reports.within(hours + 24 * 365, 3.0, 3.0).num_rows == 0
    folder = next(iter(reports.decoded)).parent
    assert folder.exists()
    del reports
    gc.collect()
    assert not folder.exists()


def test_at_the_points_of_used_data_an_analysis_is_as_far_as_their_errors(folder):
    fits = verify_at_points(folder / "analysis.zarr", [sample() / "surface.parquet"], world=world())
    found = {fit.variable: fit.analysis_rms / ERRORS[fit.variable] for fit in fits if fit.layer is None}
    assert set(found) == {"msl", "u10m", "v10m"}
    assert all(0.5 < ratio < 2.0 for ratio in found.values())


def test_stores_without_a_common_time_are_refused(folder):
    with pytest.raises(UserError, match="no time in common"):
        verify(folder / "analysis.zarr", sample() / "era5.zarr")
