"""Stores as users have them, each with the numbers that the same states give in standard form."""

from pathlib import Path

import numpy as np
import pytest

from latentda.fields import StoredSamples, StoreSampler, layout_of_store, open_store, read_states, unit_standardizer

REPORTED = Path(__file__).parents[1] / "data" / "reported"
FIRST_HOUR = 271752  # 2001-01-01 00 UTC


def read(path, **wanted):
    dataset = open_store(path)
    layout = layout_of_store(dataset, **wanted)
    return layout, read_states(dataset, layout)


def sampled(path):
    layout = layout_of_store(open_store(path))
    return StoreSampler(path, layout), layout


def test_units_are_converted():
    layout, states = read(REPORTED / "05_units_of_a_store" / "units.nc")
    means = dict(zip(layout.names, states[0].mean(axis=(1, 2)), strict=True))
    assert means["t@500"] == pytest.approx(241.86, abs=0.01)
    assert 1e-3 < means["q@850"] < 1e-2
    assert means["sp"] == pytest.approx(98000.0, rel=1e-3)


def test_levels_in_pascals_and_the_names_of_cmip_give_the_same_fields():
    folder = REPORTED / "06_levels_and_names"
    layout, states = read(folder / "plev_Pa.nc")
    assert layout.names[:3] == ("u@250", "u@500", "u@850")
    assert layout.names[-1] == "sp"
    with pytest.warns(UserWarning, match=r"levels plev, 25000, 50000, 85000, have no units .* Pa; write"):
        without = read(folder / "plev_None.nc")
    assert layout_of_store(open_store(folder / "cmip.nc"), ["ta", "sp"], [500]).names == ("t@500", "sp")
    for other, found in (without, read(folder / "cmip.nc")):
        assert other == layout
        np.testing.assert_array_equal(found, states)


def test_times_in_two_pieces_come_in_order():
    sampler, layout = sampled(REPORTED / "10_times_in_two_pieces" / "states.nc")
    dataset, positions, hours = sampler.open()
    np.testing.assert_array_equal(positions, np.arange(72))
    np.testing.assert_array_equal(hours, FIRST_HOUR + 206 * np.arange(72))
    every = read_states(dataset, layout)
    _, pieces = zip(*sampler.pieces(16), strict=True)
    np.testing.assert_array_equal(np.concatenate(pieces), every)
    by_date = read_states(dataset, layout, ["2001-01-01", "2001-11-06"])
    np.testing.assert_array_equal(by_date, every[[0, 36]])
    samples = StoredSamples(sampler, unit_standardizer(layout), 206)
    for block in samples.blocks:
        np.testing.assert_array_equal(samples.read(block), every[block.positions])


def test_decimals_of_days_are_the_hours_that_they_mean():
    sampler, _ = sampled(REPORTED / "11_hours_as_days_six_decimals" / "states.nc")
    hours = sampler.open()[2]
    np.testing.assert_array_equal(hours, np.arange(271752, 271992))
    assert np.isin(hours + 12, hours).sum() == 228


def test_a_closed_circle_of_meridians_counts_each_once():
    layout, states = read(REPORTED / "12_meridian_0_and_360" / "states.nc")
    assert layout.grid.periodic
    assert layout.grid.longitude == tuple(np.arange(0.0, 360.0, 45.0))
    assert states.shape[-1] == 8


def test_times_that_come_twice_count_once():
    path = REPORTED / "13_times_twice" / "states.nc"
    with pytest.warns(UserWarning, match=r"10 times more than once \(2001-09-15T12:00, .*each counts once"):
        dataset = open_store(path)
    layout = layout_of_store(dataset)
    with pytest.warns(UserWarning, match="each counts once"):
        hours = StoreSampler(path, layout).open()[2]
    np.testing.assert_array_equal(hours, FIRST_HOUR + 206 * np.arange(62))
    assert len(read_states(dataset, layout)) == 62
    with pytest.warns(UserWarning, match="each counts once"):
        samples = StoredSamples(StoreSampler(path, layout), unit_standardizer(layout), 206)
    starts = np.concatenate([block.hours[block.samples[:, 0]] for block in samples.blocks])
    assert len(np.unique(starts)) == len(starts)
