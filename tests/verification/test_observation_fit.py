"""The fit to six observations, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from latentda.verification import Columns, fit_scores, merge_fits, observation_fit

# O-B:  t 500 hPa used: 3, -1;  t 850 hPa used: 2;  t 500 hPa withheld: 4;  sp used: -200.
# The sixth datum is neither used nor withheld, and lacks its equivalents.
COLUMNS = Columns(
    value=np.array([250.0, 251.0, 280.0, 252.0, 1.0e5, 300.0]),
    background=np.array([247.0, 252.0, 278.0, 248.0, 1.002e5, np.nan]),
    analysis=np.array([249.0, 251.0, 280.0, 250.0, 1.001e5, np.nan]),
    variable=np.array(["t", "t", "t", "t", "sp", "t"]),
    pressure=np.array([50000.0, 60000.0, 85000.0, 45001.0, np.nan, 85000.0]),
    used=np.array([True, True, True, False, True, False]),
    withheld=np.array([False, False, False, True, False, False]),
)


def numbers(row):
    return (
        row.count,
        row.background_bias,
        row.background_rms,
        row.analysis_bias,
        row.analysis_rms,
    )


def test_the_rows_are_those_worked_out_by_hand():
    rows = {(row.channel, row.used): numbers(row) for row in observation_fit(COLUMNS)}
    expected = {
        ("t", True): (3, 4 / 3, (14 / 3) ** 0.5, 1 / 3, (1 / 3) ** 0.5),
        ("t@850", True): (1, 2.0, 2.0, 0.0, 0.0),
        ("t@500", True): (2, 1.0, 5.0**0.5, 0.5, 0.5**0.5),
        ("t", False): (1, 4.0, 4.0, 2.0, 2.0),
        ("t@500", False): (1, 4.0, 4.0, 2.0, 2.0),
        ("sp", True): (1, -200.0, 200.0, -100.0, 100.0),
    }
    assert list(rows) == list(expected)
    for key, row in rows.items():
        assert row == pytest.approx(expected[key]), key


def test_fits_of_two_windows_merge_to_the_fit_of_both():
    def part(keep):
        return Columns(**{name: column[keep] for name, column in vars(COLUMNS).items()})

    pieces = [observation_fit(part(slice(0, 1))), observation_fit(part(slice(1, 6)))]
    merged = {(row.channel, row.used): numbers(row) for row in merge_fits(pieces)}
    whole = {(row.channel, row.used): numbers(row) for row in observation_fit(COLUMNS)}
    assert merged.keys() == whole.keys()
    for key, row in merged.items():
        assert row == pytest.approx(whole[key]), key


def test_two_scores_a_row():
    rows = observation_fit(COLUMNS)
    scores = fit_scores(rows, experiment="real", method="hloba", seed=0, twin="real")
    assert len(scores) == 2 * len(rows)
    background, analysis = scores[-2:]
    assert (background.kind, analysis.kind) == ("observation_background", "observation_analysis")
    assert (background.channel, background.units, background.used) == ("sp", "Pa", True)
    assert (background.rmse, analysis.bias, analysis.count) == (200.0, -100.0, 1)


def test_no_observations_no_rows():
    nothing = np.zeros(6, bool)
    assert observation_fit(replace(COLUMNS, used=nothing, withheld=nothing)) == []


@pytest.mark.usefixtures("wrong_shapes")
def test_columns_that_contradict_themselves_are_refused():
    with pytest.raises(ValueError, match="both used and withheld"):
        replace(COLUMNS, withheld=COLUMNS.used)
    with pytest.raises(ValueError, match="background"):
        replace(COLUMNS, withheld=np.arange(6) == 5)
    with pytest.raises(ValueError, match="differ in length"):
        replace(COLUMNS, value=np.zeros(2))
