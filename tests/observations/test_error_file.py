"""Error tables from files: what is written is what is assigned, and what is wrong is named."""

import numpy as np
import pytest

from latentda.observations import column, read_error_table, replace_errors, table_from_columns

FILE = """
- {variable: t, class: ADPUPA, pressure: [100000.0, 10000.0], error: [1.0, 3.0]}
- {variable: t, pressure: [100000.0], error: [5.0]}
- {variable: t, type: 131, pressure: [100000.0], error: [7.0]}
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "errors.yaml"
        path.write_text(text)
        return path

    return write


def test_profiles_are_found_by_class_and_by_type(written):
    table = read_error_table(written(FILE))
    at = np.array([np.sqrt(1e5 * 1e4)])
    assert table.error("t", "ADPUPA", at) == pytest.approx([2.0])
    assert table.error("t", "AIRCFT", at) == pytest.approx([5.0])
    assert table.error("t", "AIRCFT", at, report_type=131) == pytest.approx([7.0])


def test_errors_of_the_user_go_before_those_of_the_file(written, columns_of):
    table = table_from_columns(columns_of(error=np.full(12, 9.0)))
    own = read_error_table(written("- {variable: t, pressure: [100000.0], error: [5.0]}"))
    error, warm = column(replace_errors(table, own), "error"), column(table, "variable") == "t"
    assert (error[warm] == 5.0).all()
    assert (error[~warm] == 9.0).all()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("variable: t", "wrong entry"),
        ("- {variable: t, pressure: [1.0e+5]}", "error: Field required"),
        ("- {variable: warmth, pressure: [1.0e+5], error: [1.0]}", "warmth; there are t, q"),
        ("- {variable: t, pressure: [1.0e+4, 1.0e+5], error: [1.0, 1.0]}", "must fall"),
        ("- {variable: t, pressure: [1.0e+5], error: [-1.0]}", "must be positive"),
        ("- {variable: t, class: ADPUPA, type: 120, pressure: [1.0e+5], error: [1.0]}", "one of them"),
        (2 * "- {variable: t, pressure: [1.0e+5], error: [1.0]}\n", "second of its variable"),
        ("- {variable: t, sigma: 3, pressure: [1.0e+5], error: [1.0]}", "sigma"),
        ("[", "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(written, text, says):
    with pytest.raises(ValueError, match=says) as told:
        read_error_table(written(text))
    assert "\n" not in str(told.value)
