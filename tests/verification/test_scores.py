"""Score rows, and their way through a file."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from latentda.grid import PressureLevels, build_layout, lat_lon_grid
from latentda.verification import Score, channel_scores, read_scores, write_scores

LAYOUT = build_layout(lat_lon_grid(2, 4), PressureLevels((500.0,)), {"t": (500.0,)}, ["sp"])
LABELS = {"experiment": "twin", "method": "3dvar", "seed": 3, "lead_hours": 6, "count": 40}
FIT = Score("twin", "3dvar", 3, "t@500", 0, "observation_analysis", 0.5, 12, True, "real", 0.1, "K")


def rows():
    rmse, spread = np.array([1.0, 200.0]), np.array([4.0, 400.0])
    return channel_scores(rmse, spread, LAYOUT, kind="background", twin="identical", **LABELS)


def test_a_row_a_channel_and_the_mean():
    scores = rows()
    assert [(s.channel, s.rmse, s.units) for s in scores] == [
        ("t@500", 1.0, "K"),
        ("sp", 200.0, "Pa"),
        ("mean", 0.375, "1"),
    ]
    assert {(s.count, s.twin, s.lead_hours) for s in scores} == {(40, "identical", 6)}


def test_scores_survive_the_file(tmp_path):
    path = tmp_path / "scores.json"
    scores = [*rows(), FIT]
    write_scores(scores, path)
    assert read_scores(path) == scores
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_none_is_left_out(tmp_path):
    path = tmp_path / "scores.json"
    write_scores([rows()[0], FIT], path)
    state, fit = json.loads(path.read_text())["scores"]
    assert "used" not in state
    assert "bias" not in state
    assert fit["used"] is True


def test_numpy_numbers_are_written_as_plain_ones(tmp_path):
    path = tmp_path / "scores.json"
    write_scores([replace(FIT, rmse=np.float32(0.5), count=np.int64(12))], path)
    assert read_scores(path) == [FIT]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "guess"},
        {"kind": "analysis"},
        {"twin": "sibling"},
        {"rmse": np.nan},
        {"rmse": -1.0},
    ],
)
def test_a_row_that_says_nothing_true_is_refused(change):
    with pytest.raises(ValueError, match=r"wanted|one of|observations only"):
        replace(FIT, **change)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "scores.json"
    write_scores([FIT], path)

    def breaks():
        yield FIT
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        write_scores(breaks(), path)
    assert read_scores(path) == [FIT]


@pytest.mark.parametrize("text", ["[]", "{", '{"scores": [{"rmse": 1}]}', '{"scores": [{"x": 1}]}'])
def test_another_file_is_refused_in_words(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="no file of scores"):
        read_scores(path)


def test_a_spread_of_zero_is_refused():
    with pytest.raises(ValueError, match="spread of sp"):
        channel_scores(np.ones(2), np.array([1.0, 0.0]), LAYOUT, kind="background", **LABELS)
