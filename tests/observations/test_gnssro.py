import earth2bufr
import numpy as np
import pyarrow as pa
import pytest

from latentda.observations import check_quality_marks, column, read_observations, select, used
from latentda.observations.bufr_decoder import DamageWarning, frames
from latentda.observations.gnssro import broken_levels, geopotential_height, read_gnssro


@pytest.fixture(scope="module")
def occultations(shared_data):
    return shared_data / "obs_misc/gnssro_kompsat5_20180415_00Z.bufr"


@pytest.fixture(scope="module")
def profiles(occultations):
    return read_gnssro(occultations)


def test_profiles(profiles):
    assert profiles.num_rows == 23 * 300
    assert set(column(profiles, "variable")) == {"n"}
    assert set(column(profiles, "class")) == {"GPSRO"}
    assert set(column(profiles, "type")) == {825}  # KOMPSAT-5
    assert np.isnan(column(profiles, "pres")).all()
    time = column(profiles, "time")
    assert np.datetime64("2018-04-15T00:00") < time.min() < time.max() < np.datetime64("2018-04-15T03:00")


def test_refractivity_falls_with_height(profiles):
    one = select(profiles, column(profiles, "station") == "825-26")
    one = select(one, column(one, "time") == column(one, "time")[0])
    height, value = column(one, "height").astype(float), column(one, "observation").astype(float)
    assert (np.diff(height) > 0.0).all()
    scale = -np.diff(height) / np.diff(np.log(value))
    high = height[1:] > 10000.0
    assert 5500.0 < np.median(scale[high]) < 8500.0  # the scale height of a dry atmosphere


def test_geopotential_height():
    height = np.array([0.0, 10000.0, 50000.0])
    # At 45 degrees gravity is near its standard value and falls off with height.
    np.testing.assert_allclose(geopotential_height(height, np.full(3, 45.0)), [0.0, 9984.0, 49610.0], atol=5.0)
    pole, equator = (geopotential_height(np.array([10000.0]), np.array([latitude]))[0] for latitude in (90.0, 0.0))
    assert pole - equator == pytest.approx(52.0, abs=3.0)  # gravity is greater at the poles by 0.53 %


def test_height_agrees_with_the_file_own_retrieval(occultations, profiles):
    # N = 77.6 p/T + 3.73e5 e/T2 (hPa, K) of the retrieved profile, which the file gives at geopotential heights
    batch = earth2bufr.read_bufr(occultations)[1].slice(0, 1)
    retrieval = batch.column(batch.schema.names.index("DRF16BIT_3")).flatten()
    names = [retrieval.type.field(i).name for i in range(retrieval.type.num_fields)]
    height, pressure, temperature, humidity = (
        retrieval.field(names.index(name)).to_numpy(zero_copy_only=False)
        for name in ("GPHTST", "PRES", "TMDBST", "SPFH")
    )
    vapour = humidity * pressure / (0.622 + 0.378 * humidity)
    refractivity = 0.776 * pressure / temperature + 3.73e3 * vapour / temperature**2
    whole = np.isfinite(refractivity) & (height > 10000.0) & (height < 30000.0)
    one = select(profiles, np.arange(profiles.num_rows) < 300)
    found = np.interp(height[whole], column(one, "height"), np.log(column(one, "observation")))
    error = found - np.log(refractivity[whole])
    # Were the height geometric, N at 30 km would be off by 2 %.
    assert np.abs(np.median(error)) < 0.003


def test_quality_flags_are_honoured(profiles):
    quality = column(profiles, "quality")
    assert set(quality) == {2, 13}
    assert (quality == 13).sum() == 6 * 300  # six profiles are flagged, with a confidence of zero
    assert used(check_quality_marks(profiles)).sum() == 17 * 300


def test_the_tables_of_the_file_make_no_difference(occultations, profiles, tmp_path):
    content, found = occultations.read_bytes(), frames(occultations)
    bare = tmp_path / "bare"
    bare.write_bytes(b"".join(content[begin : begin + length] for begin, length in found.places[3:]))
    assert read_observations(bare).equals(profiles)


def test_a_message_that_would_eat_all_memory_is_left_out(occultations, profiles, tmp_path):
    content = bytearray(occultations.read_bytes())
    begin, _ = frames(occultations).places[10]
    first_section = int.from_bytes(content[begin + 8 : begin + 11], "big")
    subsets = begin + 8 + first_section + 4
    assert content[subsets : subsets + 2] == b"\x00\x01"
    content[subsets : subsets + 2] = b"\xe6\x01"
    path = tmp_path / "greedy"
    path.write_bytes(content)
    with pytest.warns(DamageWarning, match="1 of its 26 BUFR messages"):
        assert read_gnssro(path).num_rows == profiles.num_rows - 300


def test_overwritten_data_of_a_profile_are_not_used(occultations, profiles, tmp_path):
    assert not (column(profiles, "verdict") == "range").any()
    content, random = bytearray(occultations.read_bytes()), np.random.default_rng(0)
    begin, _ = frames(occultations).places[10]
    content[begin + 7250 : begin + 7850] = random.bytes(600)
    path = tmp_path / "overwritten"
    path.write_bytes(content)
    table = read_gnssro(path)
    same = np.isin(column(table, "observation"), column(profiles, "observation"))
    assert (~same).sum() > 50
    assert not (used(table) & ~same).any()


def test_a_level_out_of_line_is_not_used(profiles):
    value = column(profiles, "observation").copy()
    value[[150, 1000]] *= [3.0, 0.4]
    index = profiles.schema.get_field_index("observation")
    changed = profiles.set_column(index, profiles.schema.field(index), pa.array(value))
    assert np.flatnonzero(broken_levels(changed)).tolist() == [149, 150, 151, 999, 1000, 1001]
    assert not broken_levels(profiles).any()
    value[:300] = value[:300][::-1]  # grows with height, as no step of 200 m may tell
    value[40:80] *= np.where(np.arange(40) % 2, 2.0, 1.0)
    changed = profiles.set_column(index, profiles.schema.field(index), pa.array(value))
    assert broken_levels(changed)[:300].all()
