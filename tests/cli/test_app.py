"""The command line: a table of contents, and one clear sentence for every wrong input."""

import numpy as np
import pytest
from typer.testing import CliRunner

from latentda.cli.app import app
from latentda.grid import PressureLevels, build_layout, lat_lon_grid
from latentda.observations import table_from_columns, write_table

run = CliRunner().invoke


def sentence(result) -> str:
    """The one line that a failing command printed."""
    assert result.exit_code == 1, result.output
    text = result.stderr.strip()
    assert text.startswith("latentda: ")
    assert "Traceback" not in result.output
    assert len(text.splitlines()) == 1
    return text


def test_help_reads_like_a_table_of_contents():
    output = run(app, ["--help"]).output
    for command in ("demo", "simulate", "train", "estimate", "observations", "benchmark"):
        assert command in output


def test_a_file_that_is_not_bufr(tmp_path):
    path = tmp_path / "letter.bufr"
    path.write_text("Dear forecaster,")
    assert "letter.bufr" in sentence(run(app, ["observations", "summary", str(path)]))


def test_a_file_that_is_not_there(tmp_path):
    assert "nowhere" in sentence(run(app, ["observations", "summary", str(tmp_path / "nowhere.bufr")]))


def test_nothing_left_after_quality_control(tmp_path):
    pytest.importorskip("jcm")
    columns = {
        "time": [np.datetime64("1989-01-01T12:00")] * 2,
        "lat": [50.0, 51.0],
        "lon": [10.0, 11.0],
        "pres": [5e4, 5e4],
        "variable": ["t", "t"],
        "observation": [250.0, 251.0],
        "class": ["ADPUPA", "ADPUPA"],
        "station": ["A", "B"],
        "quality": [13, 13],
    }
    path = tmp_path / "bad.parquet"
    write_table(table_from_columns(columns), path)
    text = sentence(run(app, ["demo", "--real", "--reports", str(path), "--out", str(tmp_path / "out")]))
    assert "no observation is left" in text
    assert "quality_mark 2" in text


def test_a_length_that_is_no_multiple_of_five_days(tmp_path):
    assert "5 days" in sentence(run(app, ["simulate", "--days", "7", "--out", str(tmp_path / "n.zarr")]))


def test_a_method_that_does_not_exist(tmp_path):
    command = ["demo", "--real", "--methods", "5dvar", "--out", str(tmp_path)]
    assert "latent_3dvar" in sentence(run(app, command))


def test_a_store_with_nan_is_refused(tmp_path):
    from latentda.fields import to_dataset

    layout = build_layout(lat_lon_grid(4, 8), PressureLevels((500.0,)), {v: (500.0,) for v in "uvtq"}, ["sp"])
    states = np.ones((9, *layout.shape), np.float32)
    states[3, 2] = np.nan
    times = np.datetime64("2000-01-01T00", "s") + np.arange(9) * np.timedelta64(6, "h")
    to_dataset(states, layout, times).to_netcdf(tmp_path / "store.nc")
    command = ["estimate", "climatology", "--data", str(tmp_path / "store.nc"), "--world", str(tmp_path)]
    assert "temperature" in sentence(run(app, command)) or "t@500" in sentence(run(app, command))


def test_settings_with_a_wrong_entry_are_named(tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("network:\n  blocks: many\n")
    command = ["train", "autoencoder", "--data", "x", "--world", str(tmp_path), "--config", str(config)]
    assert "network.blocks" in sentence(run(app, command))


@pytest.mark.parametrize("command", [["train"], ["estimate"], ["observations"]])
def test_groups_explain_themselves(command):
    assert "Usage" in run(app, [*command, "--help"]).output
