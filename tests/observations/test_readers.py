import gzip

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from latentda.observations import (
    ObservationError,
    column,
    concatenate,
    empty_table,
    read_observations,
    read_prepbufr,
    write_table,
)
from latentda.observations.readers import read_observations_in_pieces


def test_two_formats_of_the_same_reports_give_the_same_table(small_table, tmp_path):
    write_table(small_table, tmp_path / "parquet")
    pyarrow.csv.write_csv(small_table, tmp_path / "csv")
    assert read_observations(tmp_path / "parquet").equals(read_observations(tmp_path / "csv"))


def test_the_name_of_a_file_says_nothing(small_table, tmp_path):
    write_table(small_table, tmp_path / "table.csv")
    assert read_observations(tmp_path / "table.csv").equals(small_table)
    (tmp_path / "table.bufr").write_bytes(gzip.compress((tmp_path / "table.csv").read_bytes()))
    assert read_observations(tmp_path / "table.bufr").equals(small_table)


def test_pieces_make_up_the_whole(shipped_cycle):
    pieces = list(read_observations_in_pieces(shipped_cycle))
    assert len(pieces) > 3
    assert concatenate(pieces).equals(read_prepbufr(shipped_cycle))
    # Each is of one message type.
    assert all(len(set(column(piece, "class"))) == 1 for piece in pieces)


def test_an_empty_table_may_be_read(tmp_path):
    write_table(empty_table(), tmp_path / "empty")
    assert read_observations(tmp_path / "empty").num_rows == 0


def test_a_file_without_a_usable_observation_is_refused(tmp_path):
    (tmp_path / "csv").write_text("time,lat,lon,t2m\n2020-01-01T00:00:00,1,2,\n")
    with pytest.raises(ObservationError, match="no usable observation"):
        read_observations(tmp_path / "csv")


@pytest.mark.parametrize(
    "content",
    [
        b"\x00" * 100,
        b"BUFR",
        b"BUFR" + b"\x00" * 100,
        b"PAR1" + b"\x00" * 100,
        b"\x89HDF\r\n\x1a\n" + b"\x00" * 100,
        b"CDF\x01" + b"\x00" * 100,
        b"\x1f\x8b" + b"\x00" * 100,
        b"a,b\n1,2\n",
        b"\xff\xfe\x00text\n",
        b"%PDF-1.7\n\x80\x81",
        gzip.compress(b"", mtime=0),
    ],
    ids=repr,
)
def test_what_is_nothing_known_is_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ObservationError) as caught:
        read_observations(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_foreign_parquet_file_is_named(tmp_path):
    pq.write_table(pa.table({"temperature": [280.0]}), tmp_path / "other.parquet")
    with pytest.raises(ObservationError, match="no observation table: it lacks"):
        read_observations(tmp_path / "other.parquet")


def test_a_text_that_speaks_of_bufr_is_no_bufr(tmp_path):
    path = tmp_path / "notes.md"
    path.write_text("# Reading BUFR\n\nprepBUFR holds BUFR messages.\n")
    with pytest.raises(ObservationError, match="needs a column map"):
        read_observations(path)
