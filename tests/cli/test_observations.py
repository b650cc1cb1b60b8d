"""What a user sees of observations: counts, maps, plots, diagnosed errors, and one sentence for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from latentda.cli.app import app
from latentda.observations import empty_table, read_table, refuse, write_table
from tests.feedback_tables import feedback_table

run = CliRunner().invoke
REPORTED = Path(__file__).parents[1] / "data" / "reported"


def sentence(arguments) -> str:
    """The one line that a failing command printed."""
    result = run(app, [str(argument) for argument in arguments])
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    text = result.stderr.strip()
    assert len(text.splitlines()) == 1
    return text


def works(arguments) -> str:
    result = run(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("feedback")
    for number in range(2):
        write_table(feedback_table(number, cycle=number), path / f"feedback_{number:05d}.parquet")
    return path


@pytest.fixture
def plain(tmp_path):
    table = feedback_table().drop_columns(["background", "analysis", "background_error"])
    write_table(refuse(table, np.arange(table.num_rows) < 3, "thinned"), tmp_path / "plain.parquet")
    return tmp_path / "plain.parquet"


def test_a_summary_counts_and_explains(plain):
    output = works(["observations", "summary", plain])
    assert "2000-01-01 12 UTC" in output
    assert "440" in output
    assert "thinned" in output
    assert "neighbour" in output
    assert "type" in works(["observations", "summary", "--types", plain])


def test_files_become_one_table(folder, tmp_path):
    files = sorted(folder.iterdir())
    works(["observations", "convert", *files, "--out", tmp_path / "all.parquet"])
    assert read_table(tmp_path / "all.parquet").num_rows == sum(read_table(file).num_rows for file in files)


def test_maps_of_a_choice(plain, tmp_path):
    works(["observations", "map", plain, "--by", "class,verdict,count", "--variable", "t", "--out", tmp_path / "maps"])
    names = {path.name for path in (tmp_path / "maps").iterdir()}
    assert names == {"map_class.png", "map_verdict.png", "map_count.png"}


def test_plots_of_observations_alone(plain, tmp_path):
    works(["observations", "plot", plain, "--out", tmp_path / "plots"])
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"vertical_counts.png", "map_class.png"}


def test_plots_of_feedback_come_with_a_report(folder, tmp_path):
    out = tmp_path / "plots"
    output = works(["observations", "plot", folder, "--variable", "t", "--level-hpa", "850", "--out", out])
    assert (out / "report.html").exists()
    assert "report.html" in output


def test_diagnosed_errors_are_printed_drawn_and_written(folder, tmp_path):
    out = tmp_path / "out"
    output = works(["diagnose", folder, "--out", out, "--errors", out / "errors.yaml"])
    assert "Temperature (K), ADPUPA" in output
    assert {"desroziers.png", "error_correlation.png", "errors.yaml"} <= {path.name for path in out.iterdir()}
    content = json.loads((out / "diagnose.json").read_text())
    assert content["analyses"] == 2
    row = content["errors"][0]
    assert (row["variable"], row["class"], row["count"], row["units"]) == ("t", "ADPUPA", 80, "K")
    assert row["observation_error"] == pytest.approx(1.0, rel=0.5)


def test_what_diagnose_cannot_use_is_one_sentence(plain, tmp_path):
    assert "without feedback" in sentence(["diagnose", plain])
    assert "no feedback" in sentence(["diagnose", tmp_path])
    assert "nowhere.parquet" in sentence(["diagnose", tmp_path / "nowhere.parquet"])
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(plain.read_bytes()[:2000])
    assert "damaged.parquet" in sentence(["diagnose", damaged])
    write_table(feedback_table(stations=3), tmp_path / "few.parquet")
    assert "fewer than 30" in sentence(["diagnose", tmp_path / "few.parquet", "--out", tmp_path / "none"])
    assert not (tmp_path / "none").exists()
    write_table(feedback_table().slice(0, 0), tmp_path / "empty.parquet")
    assert "no data" in sentence(["diagnose", tmp_path / "empty.parquet"])


def test_what_cannot_be_drawn_is_one_sentence(plain, folder, tmp_path):
    assert "there are sp, t" in sentence(["observations", "map", plain, "--variable", "q"])
    assert "there are ADPSFC, ADPUPA" in sentence(["observations", "map", plain, "--class", "SATWND"])
    assert "class, verdict, count" in sentence(["observations", "map", plain, "--by", "colour"])
    assert "No used data of specific humidity" in sentence(["observations", "plot", folder, "--variable", "q"])
    assert "Unknown variable" in sentence(["observations", "plot", folder, "--variable", "w"])
    write_table(empty_table(), tmp_path / "empty.parquet")
    for command in (["summary"], ["map"], ["plot"]):
        assert "no " in sentence(["observations", *command, tmp_path / "empty.parquet"])


def test_one_file_without_data_does_not_hide_the_others(tmp_path):
    folder = REPORTED / "19_one_empty_file_of_two"
    result = run(app, ["observations", "summary", str(folder / "sondes.nc4"), str(folder / "none.nc4")])
    assert result.exit_code == 0
    assert "2020-11-01 12 UTC" in result.stdout
    assert "none.nc4 holds no usable observation" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    works(["observations", "plot", folder / "none.nc4", folder / "sondes.nc4", "--out", tmp_path])
    assert "none of the 2 files" in sentence(["observations", "summary", *[folder / "none.nc4"] * 2])


def test_an_audit_tells_a_file_by_its_content(tmp_path):
    (tmp_path / "notes.txt").write_text("Of BUFR.\nBUFR.\n")
    assert "damaged" not in sentence(["observations", "audit", tmp_path / "notes.txt"])
    folder = REPORTED / "19_one_empty_file_of_two"
    assert "sondes.nc4 holds no first guess" in sentence(["observations", "audit", folder / "sondes.nc4"])


def _summary(path, table):
    write_table(table, path)
    return " ".join(works(["observations", "summary", path]).split())


def test_data_that_no_check_has_seen_are_not_called_used(plain, tmp_path):
    """A number of refused data is shown where there is one; else a sentence says who has judged them: nobody."""
    checked = " ".join(works(["observations", "summary", plain]).split())
    assert "usable" not in checked
    assert " refused " in checked
    assert "No check has judged" not in checked
    read = feedback_table().drop_columns(["background", "analysis", "background_error"])
    fresh = _summary(tmp_path / "fresh.parquet", read)
    assert " refused " not in fresh
    assert "No check has judged these data yet" in fresh
    assert "all quality marks are 2, not checked" in fresh
    marks = pa.array(np.where(np.arange(read.num_rows) < 7, 9, 1), pa.uint8())
    marked = read.set_column(read.schema.get_field_index("quality"), read.schema.field("quality"), marks)
    assert "marked 7 of them as bad" in _summary(tmp_path / "marked.parquet", marked)
    impossible = _summary(tmp_path / "impossible.parquet", refuse(read, np.arange(read.num_rows) < 3, "missing"))
    assert "Only what cannot be has been refused yet" in impossible


def test_a_table_of_the_users_own_is_read_by_the_map_that_is_proposed(tmp_path):
    path, proposed = tmp_path / "own.csv", tmp_path / "map.yaml"
    path.write_text("when,Lat,Lon,SLP\n2020-01-01T00,1,2,1013\n")
    assert "observations columns" in " ".join(sentence(["observations", "summary", path]).split())
    assert "msl: SLP [hPa]" in works(["observations", "columns", path])
    works(["observations", "columns", path, "--out", proposed])
    proposed.write_text(proposed.read_text() + "time: when\n")
    assert "msl" in works(["observations", "summary", path, "--columns", proposed])


def test_feedback_goes_out_as_ioda(folder, tmp_path):
    works(["observations", "convert", folder / "feedback_00000.parquet", "--out", tmp_path / "a.ioda.nc"])
    assert "440" in works(["observations", "summary", tmp_path / "a.ioda.nc"])
    wrong = ["observations", "convert", folder / "feedback_00000.parquet", "--out", tmp_path / "a.odb"]
    assert "must end in" in " ".join(sentence(wrong).split())
