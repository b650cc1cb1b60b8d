import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.observations import (
    VARIABLES,
    ObservationError,
    column,
    make_batch,
    padded_size,
    refuse,
    table_from_columns,
)

TIME = np.datetime64("1989-01-01T12:00", "ns")


@jax.jit
def cost(batch, state):
    departure = jnp.where(batch.valid, (state - batch.value) / batch.error, 0.0)
    return 0.5 * jnp.sum(departure**2)


def test_padding_never_changes_masked_sums(small_table):
    costs = [float(cost(make_batch(small_table, TIME, sizes=(n,)), 100.0)) for n in (12, 16, 64)]
    assert costs[1] == pytest.approx(costs[0], rel=1e-6)
    assert costs[2] == pytest.approx(costs[0], rel=1e-6)
    gradient = jax.grad(cost, argnums=1)(make_batch(small_table, TIME), 100.0)
    assert np.isfinite(gradient)


def test_same_size_compiles_once(small_table):
    traced = []

    @jax.jit
    def count(batch):
        traced.append(batch.size)
        return batch.value.sum()

    count(make_batch(small_table, TIME))
    count(make_batch(refuse(small_table, np.arange(12) < 5, "test"), TIME))
    assert traced == [256]


def test_only_used_rows_in_stable_order(small_table):
    batch = make_batch(refuse(small_table, np.arange(12) == 4, "test"), TIME)
    rows = np.asarray(batch.row)[np.asarray(batch.valid)]
    assert rows.tolist() == [0, 2, 6, 8, 10, 1, 3, 5, 7, 9, 11]
    names = column(small_table, "variable")[rows]
    assert [VARIABLES[i] for i in np.asarray(batch.variable)[: len(rows)]] == names.tolist()
    assert (np.asarray(batch.row)[len(rows) :] == -1).all()
    assert (np.asarray(batch.error)[len(rows) :] == 1.0).all()


def test_hours_and_surface_pressure(columns_of):
    table = table_from_columns(columns_of(variable=np.full(12, "t2m", dtype=object), pres=np.full(12, np.nan)))
    batch = make_batch(table, TIME - np.timedelta64(90, "m"))
    assert np.asarray(batch.hours)[:12] == pytest.approx(1.5)
    assert (np.asarray(batch.pressure) == 0.0).all()


def test_no_leaf_is_nan(columns_of):
    batch = make_batch(table_from_columns(columns_of(elev=np.full(12, np.nan))), TIME)
    assert all(np.isfinite(np.asarray(leaf)).all() for leaf in jax.tree.leaves(batch))


def test_sizes():
    assert [padded_size(n) for n in (0, 256, 257, 262144, 262145)] == [
        256,
        256,
        1024,
        262144,
        524288,
    ]


@pytest.mark.parametrize("gap", ["error", "pres"])
def test_gaps_are_named(columns_of, gap):
    table = table_from_columns(columns_of(**{gap: np.full(12, np.nan)}))
    with pytest.raises(ObservationError, match="12 used"):
        make_batch(table, TIME)
