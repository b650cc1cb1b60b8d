"""GRIB of many kinds of levels, and nothing written beside it."""

import logging
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cfgrib", exc_type=ImportError)

from latentda.fields import FieldsError, layout_of_store, open_forecasts, open_store, read_states
from latentda.grid import datetime_of_hours

REPORTED = Path(__file__).parents[1] / "data" / "reported"
MIXED = REPORTED / "15_grib_of_several_level_types" / "mixed.grib2"
ANALYSIS = REPORTED / "16_grib_in_a_read_only_folder" / "analysis.grib"


def read(path, variables=None):
    dataset = open_store(path)
    layout = layout_of_store(dataset, variables)
    return layout, read_states(dataset, layout)


def changed(source, path, *changes):
    """Messages of a file with other keys: ``changes`` are (condition, new keys)."""
    import eccodes

    with source.open("rb") as given, path.open("wb") as made:
        while (message := eccodes.codes_grib_new_from_file(given)) is not None:
            for condition, keys in changes:
                if all(eccodes.codes_get(message, key) == value for key, value in condition.items()):
                    for key, value in keys.items():
                        eccodes.codes_set(message, key, value)
            eccodes.codes_write(message, made)
            eccodes.codes_release(message)
    return path


def test_several_types_of_levels():
    layout, states = read(MIXED, ["u", "v", "t", "q", "sp"])
    assert states.shape == (4, 9, 5, 8)
    equator = layout.grid.latitude.index(0.0)
    assert states[0, layout.index("t@850"), equator, 0] == pytest.approx(278.01, abs=0.005)
    every, _ = read(MIXED)
    assert set(every.variables) == {"u", "v", "t", "q", "sp", "t2m", "u10m"}


def test_levels_that_are_no_pressures_are_left_alone(tmp_path):
    higher = {"shortName": "t", "level": 500}, {"typeOfLevel": "heightAboveGround", "level": 100}
    layout, _ = read(changed(MIXED, tmp_path / "a.grib2", higher))
    assert layout.levels_of("t") == (850.0,)
    assert layout.levels_of("u") == (500.0, 850.0)
    nowhere = {"typeOfLevel": "isobaricInhPa"}, {"typeOfLevel": "heightAboveGround", "level": 100}
    assert not set(read(changed(MIXED, tmp_path / "b.grib2", nowhere))[0].variables) & {"u", "v", "t", "q"}


def test_a_file_is_grib_whatever_its_name(tmp_path):
    path = shutil.copy(MIXED, tmp_path / "gfs.t00z.pgrb2.0p25.f006")
    assert read(path)[1].shape[0] == 4


def test_heights_become_geopotentials(tmp_path):
    heights = changed(MIXED, tmp_path / "a.grib2", ({"shortName": "t"}, {"shortName": "gh"}))
    layout, states = read(heights)
    expected_layout, expected = read(MIXED)
    np.testing.assert_allclose(
        states[:, layout.indices("z")], 9.80665 * expected[:, expected_layout.indices("t")], rtol=1e-4
    )


def test_a_file_of_unknown_variables_says_what_it_has(tmp_path):
    unknown = {}, {"shortName": "cape", "typeOfLevel": "surface"}
    with pytest.raises(FieldsError, match=r"a\.grib2 holds no field of a known variable; it has cape \(surface\)"):
        open_store(changed(MIXED, tmp_path / "a.grib2", unknown))


def test_forecasts_are_valid_later(tmp_path):
    later = open_store(changed(ANALYSIS, tmp_path / "later.grib", ({}, {"step": 24})))["time"].values
    np.testing.assert_array_equal(later - open_store(ANALYSIS)["time"].values, np.timedelta64(24, "h"))


def copies(source, path, each):
    """The messages of a file, each once for every set of keys."""
    import eccodes

    with source.open("rb") as given, path.open("wb") as made:
        while (message := eccodes.codes_grib_new_from_file(given)) is not None:
            for keys in each:
                copy = eccodes.codes_clone(message)
                for key, value in keys.items():
                    eccodes.codes_set(copy, key, value)
                eccodes.codes_write(copy, made)
                eccodes.codes_release(copy)
            eccodes.codes_release(message)
    return path


def of_one_date(path):
    """The messages of the first of the dates."""
    import eccodes

    with ANALYSIS.open("rb") as given, path.open("wb") as made:
        while (message := eccodes.codes_grib_new_from_file(given)) is not None:
            if eccodes.codes_get(message, "dataDate") == 20010101:
                eccodes.codes_write(message, made)
            eccodes.codes_release(message)
    return path


def test_forecasts_of_several_steps_keep_their_starts(tmp_path):
    runs = [{"dataDate": 20010101 + day, "step": step} for day in range(3) for step in (24, 48)]
    path = copies(of_one_date(tmp_path / "one.grib"), tmp_path / "forecasts.grib", runs)
    store = open_forecasts(path)
    layout = layout_of_store(store.dataset)
    assert (store.leads, store.chosen_leads()) == ((24, 48), (24, 48))
    found = list(store.pairs(layout, 24, 48))
    assert [str(datetime_of_hours(hours))[:10] for hours, *_ in found] == ["2001-01-03", "2001-01-04"]
    expected = read_states(open_store(ANALYSIS), layout, [0])[0]
    for _, short, long in found:
        np.testing.assert_allclose(short, expected, rtol=1e-4)
        np.testing.assert_allclose(long, expected, rtol=1e-4)


def test_members_of_an_ensemble_lie_along_number(tmp_path):
    members = [{"productDefinitionTemplateNumber": 1, "perturbationNumber": number} for number in (1, 2, 3)]
    store = open_forecasts(copies(MIXED, tmp_path / "ensemble.grib2", members))
    layout = layout_of_store(store.dataset, ["t", "sp"])
    assert store.members == 3
    _, states = next(store.ensembles(layout, store.chosen_lead(None, 6)))
    assert states.shape == (3, *layout.shape)


def test_nothing_is_written_beside_the_data_and_nothing_said(tmp_path, caplog):
    path = Path(shutil.copy(ANALYSIS, tmp_path / "analysis.grib"))
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        layout, states = read(path)
    assert states.shape == (21, *layout.shape)
    assert not caplog.records
    assert [file.name for file in tmp_path.iterdir()] == ["analysis.grib"]


def test_without_a_temporary_folder_it_is_read_too(tmp_path, monkeypatch):
    def none(*_, **__):
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("latentda.fields.grib.TemporaryDirectory", none)
    assert read(MIXED)[1].shape[0] == 4


def test_a_missing_cfgrib_is_named(monkeypatch):
    monkeypatch.setattr("latentda.fields.grib.find_spec", lambda name: None)
    with pytest.raises(FieldsError, match=r"mixed\.grib2 is GRIB, which needs cfgrib: pip install 'latentda\[grib\]'"):
        open_store(MIXED)
