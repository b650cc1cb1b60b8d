import numpy as np
import pytest

from latentda.observations import column, empty_table, table_from_columns, used
from latentda.observations.thinning import split_by_time, thin_by_box


def thinned(table):
    return np.flatnonzero(column(table, "verdict") == "thinned").tolist()


def test_thinning_leaves_one_a_box(small_table):
    assert len(thinned(thin_by_box(small_table, degrees=180.0, log_pressure=100.0))) == 10
    assert thinned(thin_by_box(small_table, 180.0, 100.0, classes=("SATWND",))) == []
    assert thinned(thin_by_box(small_table, 1.0, 0.1)) == []


def test_the_best_mark_stays(columns_of):
    table = table_from_columns(columns_of(quality=np.where(np.arange(12) == 6, 0, 2), variable=np.full(12, "t")))
    kept = used(thin_by_box(table, 180.0, 100.0))
    assert np.flatnonzero(kept).tolist() == [6]


def test_of_equals_the_one_nearest_to_the_analysis_stays(columns_of):
    noon = np.datetime64("1989-01-01T12:00", "ns")
    time = noon + np.array([-24, -3, 2, 1, 24, 3] * 2).astype("timedelta64[h]")
    table = table_from_columns(columns_of(variable=np.full(12, "t"), time=time))
    assert np.flatnonzero(used(thin_by_box(table, 180.0, 100.0, analysis_time=noon))).tolist() == [3]
    assert np.flatnonzero(used(thin_by_box(table, 180.0, 100.0))).tolist() == [0]


def test_data_located_by_height_have_boxes_of_height(columns_of):
    height = np.repeat([1000.0, 8000.0, 8100.0], 4)
    table = table_from_columns(columns_of(pres=np.full(12, np.nan), height=height, variable=np.full(12, "n")))
    assert np.flatnonzero(used(thin_by_box(table, 180.0, 0.3))).tolist() == [0, 4]


def test_surface_data_have_no_level(columns_of):
    table = table_from_columns(columns_of(variable=np.full(12, "u10m"), observation=np.full(12, 5.0)))
    assert used(thin_by_box(table, 180.0, 0.1)).sum() == 1


def test_slots_part_the_window(columns_of):
    minutes = np.arange(12) * 30
    start = np.datetime64("1989-01-01T09:00", "ns")
    table = table_from_columns(columns_of(time=start + minutes.astype("timedelta64[m]")))
    edges = [start + np.timedelta64(hours, "h") for hours in (0, 1, 3, 5)]
    slots = split_by_time(table, edges)
    assert [column(slot, "obs_id").tolist() for slot in slots] == [[0, 1], [2, 3, 4, 5], [6, 7, 8, 9, 10]]
    assert [slot.num_rows for slot in split_by_time(empty_table(), edges)] == [0, 0, 0]
    with pytest.raises(ValueError, match="rise"):
        split_by_time(table, edges[::-1])
