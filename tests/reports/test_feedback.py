"""Feedback of several cycles: sums that do not depend on the cutting, stations that are wrong, errors as a table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from latentda.figures.departures import place_of, usual_places
from latentda.observations import (
    ErrorProfile,
    ErrorTable,
    ObservationError,
    concatenate,
    read_error_table,
    refuse,
    write_table,
)
from latentda.observations.inventory import inventory, refusals, span
from latentda.reports.feedback import write_feedback
from latentda.reports.feedback_tables import error_tables
from latentda.verification.diagnosed_errors import error_profiles, table_errors, write_error_profiles
from latentda.verification.feedback_files import feedback_files, read_feedback
from latentda.verification.feedback_summary import summarise
from latentda.verification.station_fit import station_fits
from tests.feedback_tables import START, feedback_table


@pytest.fixture(scope="module")
def cycles():
    return [feedback_table(seed, cycle=seed) for seed in range(3)]


@pytest.fixture(scope="module")
def summary(cycles):
    return summarise(cycles)


def test_sums_of_cycles_are_those_of_all_data(cycles, summary):
    whole = summarise([concatenate(cycles)])
    assert len(summary.times) == 3
    assert (summary.start, summary.end) == (whole.start, whole.end)
    assert summary.verdicts == whole.verdicts
    for name in ("histogram", "boxes"):
        ours, theirs = getattr(summary, name), getattr(whole, name)
        assert ours.keys() == theirs.keys()
        assert all(np.allclose(ours[key], theirs[key]) for key in theirs)
    for ours, theirs in zip(station_fits(summary.stations), station_fits(whole.stations), strict=True):
        assert ours.station == theirs.station
        assert ours.excess == pytest.approx(theirs.excess)
        assert ours.sd == pytest.approx(theirs.sd)


def test_boxes_hold_every_used_datum_once(cycles, summary):
    total = sum(sums[0].sum() for sums in summary.boxes.values())
    assert total == sum(int(pc.sum(table["used"]).as_py()) for table in cycles)


def test_histograms_count_used_and_refused():
    table = feedback_table()
    marked = refuse(table, np.arange(table.num_rows) < 7, "first_guess")
    used, refused = summarise([marked]).histogram["t"].sum(axis=1)
    assert (used, refused) == (433, 7)


def test_a_biased_station_is_the_worst():
    table = feedback_table()
    wrong = np.asarray(table["station"]) == "S7"
    moved = table["background"].to_numpy() - np.where(wrong, 8.0, 0.0)
    table = table.set_column(table.column_names.index("background"), "background", pa.array(moved))
    worst = station_fits(summarise([table]).stations)[0]
    assert (worst.station, worst.variable, worst.count) == ("S7", "t", 11)
    assert worst.bias == pytest.approx(8.0, abs=3.0)


def test_one_gross_error_does_not_outweigh_a_bad_station():
    table = feedback_table()
    wrong = (np.asarray(table["station"]) == "S7") & (np.asarray(table["variable"]) == "t")
    gross = np.arange(table.num_rows) == 0
    moved = table["background"].to_numpy() - np.where(wrong, 8.0, 0.0) - np.where(gross, 1000.0, 0.0)
    table = table.set_column(table.column_names.index("background"), "background", pa.array(moved))
    assert station_fits(summarise([table]).stations)[0].station == "S7"


def test_the_standing_places_of_maps(summary):
    assert [(name, layer and layer.level) for name, layer in usual_places(summary.boxes)] == [
        ("t", 500.0),
        ("sp", None),
    ]
    assert place_of("t", 262.0)[1].level == 250.0
    assert place_of("sp", 262.0) == ("sp", None)
    with pytest.raises(ValueError, match="outside"):
        place_of("t", 5.0)


def test_an_error_table_is_made_of_the_diagnosed_errors(tmp_path):
    rows = table_errors([feedback_table(stations=1000, sd=1.5)])
    path = write_error_profiles(error_profiles(rows), tmp_path / "errors.yaml")
    table = read_error_table(path)
    assert table.error("t", "ADPUPA", np.array([5e4])) == pytest.approx(1.5, rel=0.1)
    assert table.error("sp", "ADPSFC", np.array([np.nan])) == pytest.approx(150.0, rel=0.1)


def test_errors_of_humidity_become_fractions_of_saturation():
    table = feedback_table(stations=1000)
    warm = pc.equal(table["variable"], "t")
    aloft = table.filter(warm)
    # Humidity of the same levels with errors of a fifth of saturation, background of two fifths.
    unit = ErrorTable({("q", ""): ErrorProfile((1e5,), (0.2,))}).error(
        "q", "", aloft["pres"].to_numpy(), aloft["observation"].to_numpy()
    )
    changes = {"variable": np.full(aloft.num_rows, "q"), "observation": np.full(aloft.num_rows, 0.01)}
    departure = {name: aloft["observation"].to_numpy() - aloft[name].to_numpy() for name in ("background", "analysis")}
    changes |= {name: 0.01 - unit * values for name, values in departure.items()}
    changes |= {"error": unit, "background_error": 2.0 * unit}
    humid = aloft
    for name, values in changes.items():
        field = humid.schema.field(name)
        humid = humid.set_column(humid.column_names.index(name), field, pa.array(values).cast(field.type))
    profile = next(p for p in error_profiles(table_errors([concatenate([aloft, humid])])) if p["variable"] == "q")
    assert np.mean(profile["error"]) == pytest.approx(0.2, rel=0.05)


def test_no_profile_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="no profile"):
        write_error_profiles(error_profiles(table_errors([feedback_table(stations=5)])), tmp_path / "errors.yaml")
    assert not list(tmp_path.iterdir())


def test_tables_of_errors_have_units_and_no_thin_layers(summary):
    tables = error_tables(summary.errors)
    assert [title for title, _ in tables] == ["Temperature (K), ADPUPA", "Surface pressure (hPa)"]
    for _, (header, rows) in tables:
        assert all(len(row) == len(header) for row in rows)
    assert error_tables([replace(row, count=29) for row in summary.errors]) == []


def test_the_report_and_its_pictures(summary, tmp_path):
    files = write_feedback(summary, tmp_path / "out")
    usual = ("verdict_map", "vertical_counts", "fit_profile", "series_used", "departure_maps", "departure_histogram")
    assert {f"{name}.png" for name in (*usual, "desroziers", "error_correlation")} <= {file.name for file in files}
    page = files[-1].read_text()
    assert files[-1].name == "report.html"
    assert "S3" in page
    assert page.count("<img") == len(files) - 1


def test_folders_give_their_cycles_in_turn(tmp_path, cycles):
    for number, table in enumerate(cycles):
        write_table(table, tmp_path / f"feedback_{number:05d}.parquet")
    write_table(cycles[0], tmp_path / "observations.parquet")
    assert [path.name for path in feedback_files([tmp_path])] == [f"feedback_{n:05d}.parquet" for n in range(3)]
    assert read_feedback(tmp_path / "feedback_00000.parquet").num_rows == cycles[0].num_rows


def test_a_folder_with_several_analyses_wants_a_choice(tmp_path, cycles):
    with pytest.raises(ObservationError, match=r"no file is named feedback_\*"):
        feedback_files([tmp_path])
    for name in ("3dvar", "latent_3dvar"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        for path in (tmp_path / f"feedback_{name}.parquet", tmp_path / "runs" / name / "feedback_00000.parquet"):
            write_table(cycles[0], path)
    with pytest.raises(ObservationError, match=r"several analyses.*feedback_3dvar"):
        feedback_files([tmp_path])
    with pytest.raises(ObservationError, match="its folders 3dvar, latent_3dvar"):
        feedback_files([tmp_path / "runs"])


def test_an_inventory_counts_every_datum_once(cycles):
    table = refuse(concatenate(cycles), np.arange(1440) < 5, "thinned")
    for by_type in (False, True):
        rows = inventory(table, by_type=by_type)
        assert sum(row.total for row in rows) == table.num_rows
        assert sum(row.refused for row in rows) == 5
    assert {row.report_type for row in inventory(table)} == {None}
    assert rows[0].stations == 40
    assert (rows[0].first, rows[0].last) == (START, START + np.timedelta64(24, "h"))
    assert refusals(table) == [("thinned", 5)]


def test_periods_in_words():
    assert span("1989-01-01 08 UTC", "1989-01-01 08 UTC") == "1989-01-01 08 UTC"
    assert span("1989-01-01 08 UTC", "1989-01-01 14 UTC") == "1989-01-01 08\N{EN DASH}14 UTC"
    assert span("1989-01-01 08 UTC", "1989-01-02 14 UTC") == "1989-01-01 08 UTC to 1989-01-02 14 UTC"
