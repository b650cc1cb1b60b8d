"""The errors that made the data come back from the departures, and sums of cycles are those of all data."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from latentda.observations import ObservationError, concatenate, refuse, select
from latentda.verification import (
    departures,
    desroziers,
    fit_columns,
    has_feedback,
    merge_classes,
    merge_desroziers,
    observation_fit,
)
from tests.feedback_tables import LEVELS_HPA, feedback_table


def diagnosed(*tables):
    return merge_desroziers([desroziers(departures(table)) for table in tables])


def sums(row):
    return [value for name, value in vars(row).items() if name == "count" or name.startswith("sum_")]


@pytest.fixture(scope="module")
def rows():
    return diagnosed(feedback_table(stations=4000, sd=1.5, background_sd=2.0))


def test_the_errors_come_back(rows):
    for row in rows:
        scale = 100.0 if row.variable == "sp" else 1.0
        assert row.observation_error == pytest.approx(1.5 * scale, rel=0.05)
        assert row.background_error == pytest.approx(2.0 * scale, rel=0.05)
        assert row.total_error == pytest.approx(2.5 * scale, rel=0.05)
        assert row.chi_square == pytest.approx(1.0, abs=0.1)
        assert row.observation_ratio == pytest.approx(1.0, rel=0.05)


def test_the_two_variances_add_up_to_that_of_the_innovation(rows):
    for row in rows:
        total = row.observation_error**2 + row.background_error**2
        assert total == pytest.approx(row.total_error**2, rel=1e-12)


def test_a_row_a_layer_upwards_and_one_of_surface_data(rows):
    levels = [row.layer.level for row in rows if row.layer]
    assert levels == LEVELS_HPA.tolist()
    assert [(row.variable, row.message_class, row.layer) for row in rows][-1] == ("sp", "ADPSFC", None)


def test_errors_assumed_too_large_show_in_ratio_and_chi_square():
    for row in diagnosed(feedback_table(stations=2000, assumed=2.0)):
        assert row.observation_ratio == pytest.approx(0.5, rel=0.08)
        assert row.background_ratio == pytest.approx(0.5, rel=0.08)
        assert row.chi_square == pytest.approx(0.25, rel=0.15)


def test_cycles_merge_to_all_data():
    parts = [feedback_table(seed, cycle=seed) for seed in range(3)]
    for merged, whole in zip(diagnosed(*parts), diagnosed(concatenate(parts)), strict=True):
        assert (merged.variable, merged.message_class, merged.layer) == (
            whole.variable, whole.message_class, whole.layer,
        )  # fmt: skip
        assert sums(merged) == pytest.approx(sums(whole), rel=1e-9)


def test_merging_has_no_order_and_an_empty_part_changes_nothing():
    a, b = (desroziers(departures(feedback_table(seed))) for seed in (1, 2))
    assert merge_desroziers([a, b]) == merge_desroziers([b, [], a])


def test_classes_together_hold_all_data(rows):
    together = merge_classes(rows)
    assert sum(row.count for row in together) == sum(row.count for row in rows)
    assert {row.message_class for row in together} == {"all"}


def test_refused_data_and_those_without_an_equivalent_do_not_count():
    table = feedback_table()
    bad = np.arange(table.num_rows) % 3 == 0
    background = np.where(bad, np.nan, table["background"].to_numpy())
    unknown = table.set_column(
        table.column_names.index("background"), "background", pa.array(background, from_pandas=True)
    )
    assert diagnosed(refuse(table, bad, "thinned")) == diagnosed(select(table, ~bad)) == diagnosed(unknown)


def test_data_located_by_height_have_their_layer():
    table = feedback_table()
    height = -7000.0 * np.log(table["pres"].to_numpy() / 1e5)
    for name, values in {"pres": np.full(table.num_rows, np.nan), "height": height}.items():
        field = table.schema.field(name)
        table = table.set_column(table.column_names.index(name), field, pa.array(values, field.type, from_pandas=True))
    assert [row.layer for row in diagnosed(table)] == [row.layer for row in diagnosed(feedback_table())]


def test_a_negative_variance_is_not_a_number():
    table = feedback_table()
    mirrored = 2.0 * table["observation"].to_numpy() - table["background"].to_numpy()
    table = table.set_column(table.column_names.index("analysis"), "analysis", pa.array(mirrored))
    assert all(np.isnan(row.observation_error) for row in diagnosed(table))


def test_a_table_without_feedback_is_refused():
    plain = feedback_table().drop_columns(["analysis"])
    assert not has_feedback(plain)
    with pytest.raises(ObservationError, match="lacks analysis"):
        departures(plain)


def test_the_fit_has_used_and_withheld_data():
    table = feedback_table()
    columns = fit_columns(refuse(table, np.arange(table.num_rows) % 4 == 0, "withheld"))
    fits = {row.used: row for row in observation_fit(columns) if row.layer is None and row.variable == "t"}
    assert fits[True].count + fits[False].count == 440
    assert fits[True].analysis_rms < fits[True].background_rms
