import numpy as np
import pytest

from latentda.observations import (
    SCHEMA,
    ObservationError,
    column,
    concatenate,
    empty_table,
    read_table,
    refuse,
    select,
    summary,
    table_from_columns,
    write_table,
)


def test_defaults_and_schema(small_table):
    assert small_table.schema == SCHEMA
    assert column(small_table, "obs_id").tolist() == list(range(12))
    assert column(small_table, "used").all()
    assert (column(small_table, "quality") == 2).all()


def test_parquet_round_trip(small_table, tmp_path):
    path = tmp_path / "observations.parquet"
    extended = refuse(small_table, np.arange(12) % 2 == 0, "test").append_column(
        "first_guess", small_table["observation"]
    )
    write_table(extended, path)
    write_table(extended, path)
    assert read_table(path).equals(extended)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_longitudes_are_wrapped(columns_of):
    table = table_from_columns(columns_of(lon=np.r_[-180.0, -1e-9, 360.0, np.arange(9.0)]))
    longitude = column(table, "lon")
    assert longitude[:3].tolist() == [180.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lat": np.full(12, 91.0)}, "latitudes"),
        ({"lon": np.full(12, 400.0)}, "longitudes"),
        ({"observation": np.full(12, np.nan)}, "observations|observation"),
        ({"error": np.zeros(12)}, "error"),
        ({"pres": np.full(12, -1.0)}, "pres"),
        ({"variable": np.full(12, "w", dtype=object)}, "variable"),
        ({"lat": np.zeros(3)}, "length"),
        ({"type": np.full(12, "x", dtype=object)}, "type"),
    ],
)
def test_bad_columns_are_named(columns_of, change, said):
    with pytest.raises(ObservationError, match=said):
        table_from_columns(columns_of(**change))


@pytest.mark.parametrize(
    ("name", "value", "verdict", "kept"),
    [
        ("lat", 95.0, "position", 90.0),
        ("lat", np.nan, "position", np.nan),
        ("lon", 365.0, "position", 5.0),
        ("lon", -np.inf, "position", 0.0),
        ("observation", np.inf, "range", np.finfo(np.float32).max),
        ("observation", -1e40, "range", np.finfo(np.float32).min),
        ("observation", np.nan, "missing", np.nan),
        ("error", 0.0, "error", np.nan),
        ("error", -0.8, "error", np.nan),
        ("error", np.inf, "error", np.nan),
        ("pres", 0.0, "level", np.nan),
        ("elev", 1e30, "position", np.nan),
    ],
)
def test_one_bad_row_is_kept_and_refused(columns_of, small_table, name, value, verdict, kept):
    values = np.array(columns_of()[name], dtype=float)
    values[3] = value
    table = table_from_columns(columns_of(**{name: values}))
    others = np.arange(12) != 3
    assert select(table, others).equals(select(small_table, others))
    assert (column(table, "verdict")[3], bool(column(table, "used")[3])) == (verdict, False)
    np.testing.assert_equal(column(table, name)[3], np.float32(kept))
    with pytest.raises(ObservationError, match=name[:3]):  # of our own code it would be a fault
        table_from_columns(columns_of(**{name: values}), most_bad=0.0)


def test_a_verdict_from_before_stays(columns_of):
    error = np.r_[0.0, 0.0, np.ones(10)]
    changed = {"error": error, "used": np.arange(12) != 0, "verdict": np.array(["first"] + [""] * 11, dtype=object)}
    table = table_from_columns(columns_of(**changed))
    assert column(table, "verdict")[:3].tolist() == ["first", "error", ""]


def test_a_surface_datum_needs_no_pressure(columns_of):
    table = table_from_columns(columns_of(variable=np.full(12, "t2m", dtype=object), pres=np.zeros(12)))
    assert column(table, "used").all()
    assert np.isnan(column(table, "pres")).all()


def test_rounding_beyond_the_bounds_is_forgiven(columns_of):
    latitude, longitude = np.full(12, -90.00001), np.r_[180.00002, -180.00002, 360.00003, np.zeros(9)]
    table = table_from_columns(columns_of(lat=latitude, lon=longitude))
    assert column(table, "used").all()
    assert set(column(table, "lat")) == {-90.0}
    assert column(table, "lon")[:3].tolist() == [180.0, 180.0, 0.0]


def test_missing_column(columns_of):
    columns = columns_of()
    del columns["lat"]
    with pytest.raises(ObservationError, match="lat"):
        table_from_columns(columns)


def test_concatenate_renumbers(small_table):
    first = select(small_table, np.arange(12) < 3)
    both = concatenate([first, small_table])
    assert both.num_rows == 15
    assert column(both, "obs_id").tolist() == list(range(15))
    assert concatenate([]).equals(empty_table())


def test_refuse_keeps_the_first_verdict(small_table):
    table = refuse(small_table, np.arange(12) < 2, "first")
    table = refuse(table, np.arange(12) < 4, "second")
    assert column(table, "verdict")[:5].tolist() == ["first", "first", "second", "second", ""]


def test_summary_counts(small_table):
    rows = summary(refuse(small_table, np.arange(12) == 0, "test")).to_pylist()
    assert rows == [
        {"class": "ADPUPA", "variable": "t", "total": 6, "used": 5},
        {"class": "ADPUPA", "variable": "u", "total": 6, "used": 6},
    ]


def test_other_parquet_is_refused(small_table, tmp_path):
    import pyarrow.parquet as pq

    pq.write_table(small_table.drop_columns(["lat"]), tmp_path / "other.parquet")
    with pytest.raises(ObservationError, match=r"lacks the column\(s\) lat"):
        read_table(tmp_path / "other.parquet")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ObservationError, match="text"):
        read_table(tmp_path / "text")
