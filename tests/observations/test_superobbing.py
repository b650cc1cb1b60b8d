import numpy as np
import pytest

from latentda.observations import ObservationError, column, empty_table, make_batch, table_from_columns, used
from latentda.observations.thinning import superob

NOON = np.datetime64("1989-01-01T12:00", "ns")


def dense(rows=40, seed=0, **changes):
    """Winds in one box of one degree, across the meridian of Greenwich."""
    draw = np.random.default_rng(seed)
    columns = {
        "time": NOON + draw.integers(-3600, 3600, rows).astype("timedelta64[s]"),
        "lat": 50.2 + 0.6 * draw.random(rows),
        "lon": np.mod(0.4 * draw.random(rows), 360.0),
        "pres": 25000.0 * np.exp(0.05 * draw.random(rows)),
        "elev": np.full(rows, 10.0),
        "observation": 20.0 + draw.normal(0.0, 2.0, rows),
        "variable": np.full(rows, "u", dtype=object),
        "class": np.full(rows, "SATWND", dtype=object),
        "station": np.full(rows, "GOES", dtype=object),
        "error": 2.0 + draw.random(rows),
    }
    return columns | changes


def means(table):
    return table.filter(np.asarray(column(table, "source") == "superob"))


def test_the_mean_of_a_box_is_the_weighted_mean_of_everything():
    columns = dense()
    table = superob(table_from_columns(columns), 10.0, 1.0)
    row = means(table)
    assert row.num_rows == 1
    assert used(table).sum() == 1
    assert (column(table, "verdict")[:40] == "superobbed").all()
    weight = columns["error"] ** -2 / (columns["error"] ** -2).sum()
    assert column(row, "observation")[0] == pytest.approx(weight @ columns["observation"], rel=1e-6)
    assert np.log(column(row, "pres")[0]) == pytest.approx(weight @ np.log(columns["pres"]), rel=1e-6)
    assert column(row, "lat")[0] == pytest.approx(weight @ columns["lat"], abs=1e-4)
    seconds = (columns["time"] - NOON) / np.timedelta64(1, "s")
    assert (column(row, "time")[0] - NOON) / np.timedelta64(1, "s") == pytest.approx(weight @ seconds, abs=0.01)
    assert column(row, "elev")[0] == 10.0


@pytest.mark.parametrize("correlation", [0.0, 0.3, 1.0])
def test_the_error_of_the_mean(correlation):
    alike = dense(error=np.full(40, 2.0))
    row = means(superob(table_from_columns(alike), 10.0, 1.0, correlation=correlation))
    expected = 2.0 * np.sqrt((1.0 - correlation) / 40.0 + correlation)
    assert column(row, "error")[0] == pytest.approx(expected, rel=1e-6)
    mixed = superob(table_from_columns(dense()), 10.0, 1.0, correlation=correlation)
    assert 0.0 < column(means(mixed), "error")[0] <= dense()["error"].max()


def test_independent_errors_keep_the_information_of_the_box():
    columns = dense()
    row = means(superob(table_from_columns(columns), 10.0, 1.0, correlation=0.0))
    assert column(row, "error")[0] ** -2 == pytest.approx((columns["error"] ** -2).sum(), rel=1e-5)


def test_every_datum_is_in_one_box_and_boxes_do_not_mix():
    columns = dense(400, lat=np.linspace(-60.0, 60.0, 400), error=np.ones(400), variable=np.tile(["u", "v"], 200))
    table = superob(table_from_columns(columns), 10.0, 1.0, correlation=0.0)
    kept = used(table)
    weight = column(table, "error")[kept].astype(float) ** -2  # with unit errors the number of data in it
    assert weight.sum() == pytest.approx(400.0, rel=1e-5)
    total = (weight * column(table, "observation")[kept]).sum()
    assert total == pytest.approx(columns["observation"].sum(), rel=1e-5)
    by_variable = [weight[column(table, "variable")[kept] == name].sum() for name in ("u", "v")]
    assert by_variable == pytest.approx([200.0, 200.0], rel=1e-5)


def test_a_datum_alone_in_its_box_is_unchanged(small_table):
    assert superob(small_table, 1.0, 0.1).equals(small_table)
    assert superob(empty_table(), 1.0, 0.1).num_rows == 0
    assert superob(small_table, 180.0, 100.0, classes=("SATWND",)).equals(small_table)


def test_places_average_across_the_meridian():
    columns = dense(2, lon=np.array([359.8, 0.4]), lat=np.array([0.5, 0.5]), error=np.ones(2))
    row = means(superob(table_from_columns(columns), 360.0, 1.0))
    assert column(row, "lon")[0] == pytest.approx(0.1, abs=1e-4)


def test_refused_data_are_not_averaged_and_numbers_are_fresh():
    columns = dense(
        obs_id=np.arange(100, 140), used=np.arange(40) < 20, verdict=np.where(np.arange(40) < 20, "", "range")
    )
    table = superob(table_from_columns(columns), 10.0, 1.0, correlation=0.0)
    assert column(table, "obs_id").tolist() == list(range(100, 141))
    assert (column(table, "verdict")[20:40] == "range").all()
    first = columns["error"][:20] ** -2
    assert column(means(table), "error")[0] ** -2 == pytest.approx(first.sum(), rel=1e-5)


def test_superobs_go_into_a_batch_and_columns_beyond_the_schema_stay():
    table = table_from_columns(dense() | {"first_guess": np.ones(40)})
    table = superob(table, 10.0, 1.0)
    assert table["first_guess"].null_count == 1
    assert int(make_batch(table, NOON).valid.sum()) == 1


def test_errors_and_a_sensible_correlation_are_needed():
    with pytest.raises(ObservationError, match="assign_errors"):
        superob(table_from_columns(dense(error=np.full(40, np.nan))), 10.0, 1.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        superob(table_from_columns(dense()), 10.0, 1.0, correlation=1.5)
