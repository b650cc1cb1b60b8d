import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import AnalysisError, ObservationTerm
from tests.assimilation.variational.conftest import state_of, term_of, variational


def changed(term, **changes):
    fields = {name: changes.get(name, getattr(term, name)) for name in ("operator", "value", "error", "valid")}
    return ObservationTerm(**fields)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_background_that_is_not_finite_is_refused(background, bad):
    with pytest.raises(AnalysisError, match="background holds NaN or infinity"):
        variational().solve(background.at[0, 0, 3].set(bad), (term_of(),), 0)


@pytest.mark.parametrize(
    ("name", "bad"), [("value", np.nan), ("value", np.inf), ("error", np.nan), ("error", 0.0), ("error", -1.0)]
)
def test_an_observation_that_is_not_sound_is_refused(background, name, bad):
    term = term_of()
    term = changed(term, **{name: getattr(term, name).at[1].set(bad)})
    with pytest.raises(AnalysisError, match="observation or its error is NaN, infinite or not positive"):
        variational().solve(background, (term,), 0)


def test_a_window_without_slots_is_refused(background):
    with pytest.raises(AnalysisError, match="at least one slot"):
        variational().solve(background, (), 0)


class Counted(eqx.Module):
    """A grid-point operator that notes when it is traced."""

    index: jnp.ndarray
    traced: list = eqx.field(static=True)

    def __call__(self, state):
        self.traced.append(1)
        return state.reshape(-1)[self.index]


class Tally(list):
    """A list that may be a static field: equal to itself alone."""

    __hash__ = object.__hash__

    def __eq__(self, other):
        return self is other


def test_other_values_of_the_same_shape_do_not_recompile():
    tally = Tally()

    def analyse(seed, hours):
        term = term_of(seed=seed)
        index = jnp.asarray(np.random.default_rng(seed).integers(0, 8, term.value.size))
        observed = changed(term, operator=Counted(index, tally), valid=term.valid.at[seed % 3].set(False))
        return variational().solve(state_of(seed), (observed,), hours)

    first = analyse(1, 0)
    compiled = len(tally)
    assert compiled > 0
    second = analyse(2, 438_000)
    assert len(tally) == compiled
    assert float(jnp.abs(first.increment - second.increment).max()) > 0.0
