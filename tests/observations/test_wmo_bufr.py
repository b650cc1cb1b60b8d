import builtins

import numpy as np
import pandas as pd
import pytest

from latentda.observations import (
    ObservationError,
    column,
    read_observations,
    read_radiosondes,
    read_synop,
    read_table,
    write_table,
)


@pytest.fixture(scope="module")
def ascents(shared_data):
    pytest.importorskip("eccodes")
    return read_observations(shared_data / "obs_ecmwf_bufr/temp_2008120812_global.bufr")


def test_radiosondes_equal_the_decoded_file(shared_data, ascents):
    decoded = pd.read_csv(shared_data / "obs_ecmwf_bufr/temp_2008120812_global.decoded.csv.gz")
    value, variable = column(ascents, "observation"), column(ascents, "variable")
    np.testing.assert_allclose(value[variable == "t"], decoded.airTemperature.dropna(), rtol=1e-6)
    wind = decoded.dropna(subset=["windSpeed", "windDirection"])
    u, v = value[variable == "u"], value[variable == "v"]
    np.testing.assert_allclose(np.hypot(u, v), wind.windSpeed, atol=1e-4)
    blowing = wind.windSpeed.to_numpy() > 0.0
    direction = np.rad2deg(np.arctan2(-u, -v))[blowing]
    turn = (direction - wind.windDirection.to_numpy()[blowing] + 180.0) % 360.0 - 180.0
    assert np.abs(turn).max() < 1e-3


def test_humidity_and_geopotential_are_physical(ascents):
    value, variable = column(ascents, "observation"), column(ascents, "variable")
    pressure = column(ascents, "pres")
    assert value[variable == "q"].min() > 0.0
    assert np.quantile(value[variable == "q"], 0.999) < 0.03
    height = value[(variable == "z") & (pressure == 50000.0)] / 9.80665
    assert 4700.0 < np.median(height) < 5900.0


def test_synop(shared_data, tmp_path):
    pytest.importorskip("eccodes")
    content = (shared_data / "obs_ecmwf_bufr/synop_2018110212_global.bufr").read_bytes()
    path = tmp_path / "synop"
    path.write_bytes(content[: content.index(b"BUFR", 200_000)])
    table = read_synop(path)
    names, numbers = np.unique(column(table, "variable").astype(str), return_counts=True)
    counts = dict(zip(names, numbers, strict=True))
    assert counts["t2m"] > 400
    assert counts["u10m"] == counts["v10m"]
    assert set(column(table, "class")) <= {"ADPSFC", "SFCSHP"}


def test_wrong_kind_is_named(shared_data):
    pytest.importorskip("eccodes")
    for name in ("mhs_metopb_20201026T21.bufr_d", "gnssro_kompsat5_20180415_00Z.bufr"):
        with pytest.raises(ObservationError, match="data category"):
            read_observations(shared_data / "obs_misc" / name)


def test_cut_off_message(shared_data, tmp_path):
    pytest.importorskip("eccodes")
    content = (shared_data / "obs_ecmwf_bufr/temp_2008120812_global.bufr").read_bytes()
    path = tmp_path / "cut.bufr"
    path.write_bytes(content[:20_000])
    with pytest.raises(ObservationError, match="cut"):
        read_radiosondes(path)


def test_missing_library_says_what_to_install(tmp_path, monkeypatch):
    real = builtins.__import__

    def without_eccodes(name, *args, **kwargs):
        if name == "eccodes":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_eccodes)
    path = tmp_path / "any"
    path.write_bytes(b"BUFR")
    with pytest.raises(ObservationError, match=r"pip install latentda\[bufr\]"):
        read_radiosondes(path)


def test_parquet_is_recognised(small_table, tmp_path):
    write_table(small_table, tmp_path / "table")
    assert read_observations(tmp_path / "table").equals(read_table(tmp_path / "table"))
