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
    with pytest.raises(ObservationError, match="lacks lat"):
        read_table(tmp_path / "other.parquet")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ObservationError, match="text"):
        read_table(tmp_path / "text")
