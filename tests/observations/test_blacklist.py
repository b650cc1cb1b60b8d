from datetime import datetime

import numpy as np
import pytest

from latentda.observations import ObservationError, column, empty_table, table_from_columns
from latentda.observations.blacklist import BlacklistEntry, check_blacklist, read_blacklist

TEXT = """
- station: "A"
  variables: [t]
  reason: radiation correction missing
- {station: "B", lowest_pressure: 4.0e4, highest_pressure: 6.0e4, start: 1989-01-01, end: 1989-01-02}
"""


def refused(table, *entries):
    return np.flatnonzero(column(check_blacklist(table, entries), "verdict") == "blacklist").tolist()


def test_a_file_is_read_and_used(tmp_path, small_table):
    (tmp_path / "list.yaml").write_text(TEXT)
    entries = read_blacklist(tmp_path / "list.yaml")
    # Rows by station: A 0-3, B 4-7, C 8-11; t and u at 850, then at 500 hPa.
    assert refused(small_table, *entries) == [0, 2, 6, 7]


def test_each_limit_alone(small_table, columns_of):
    assert refused(small_table, BlacklistEntry("C")) == [8, 9, 10, 11]
    assert refused(small_table, BlacklistEntry("C", highest_pressure=60000.0)) == [10, 11]
    assert refused(small_table, BlacklistEntry("C", end=datetime(1989, 1, 1, 12))) == []
    assert refused(small_table, BlacklistEntry("C", start=datetime(1989, 1, 1, 12))) == [8, 9, 10, 11]
    assert refused(small_table, BlacklistEntry("C", ("u",)), BlacklistEntry("C", ("t",))) == [8, 9, 10, 11]
    nowhere = table_from_columns(columns_of(pres=np.full(12, np.nan), height=np.full(12, 1000.0)))
    assert refused(nowhere, BlacklistEntry("C", lowest_pressure=100.0)) == []
    assert refused(nowhere, BlacklistEntry("C")) == [8, 9, 10, 11]


def test_nothing_listed_refuses_nothing(small_table):
    assert check_blacklist(small_table, ()).equals(small_table)
    assert refused(small_table, BlacklistEntry("Z")) == []
    assert check_blacklist(empty_table(), (BlacklistEntry("A"),)).num_rows == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- {station: 89009}", "0.station"),
        ("- {station: 'A', variables: [temperature]}", "temperature"),
        ("- {station: 'A', level: 3}", "0.level"),
        ("station: 'A'", "no blacklist"),
        ("- [", "cannot be read"),
    ],
)
def test_bad_files_give_one_sentence(tmp_path, text, words):
    (tmp_path / "list.yaml").write_text(text)
    with pytest.raises(ObservationError, match=words) as raised:
        read_blacklist(tmp_path / "list.yaml")
    assert "\n" not in str(raised.value)
    with pytest.raises(ObservationError, match="cannot be read"):
        read_blacklist(tmp_path / "absent.yaml")


def test_an_empty_file_is_an_empty_list(tmp_path):
    (tmp_path / "list.yaml").write_text("")
    assert read_blacklist(tmp_path / "list.yaml") == ()
