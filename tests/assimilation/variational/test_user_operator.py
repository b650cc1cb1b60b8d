"""A user's own observation operator: any function of the state that returns one number a datum."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import ObservationTerm
from tests.assimilation.variational.conftest import background_error, state_of, variational

pytestmark = pytest.mark.usefixtures("float64")


class BoxMean(eqx.Module):
    """y = the mean of a variable over a box, here of the first channel over some columns."""

    columns: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, state):
        return state[0, :, jnp.asarray(self.columns)].mean(keepdims=True).reshape(1)


def term(value, error, columns=(2, 3, 4)):
    return ObservationTerm(BoxMean(columns), jnp.asarray([value]), jnp.asarray([error]), jnp.asarray([True]))


def test_an_analysis_draws_to_the_mean_of_a_box(background):
    observed = term(float(BoxMean((2, 3, 4))(background)[0]) + 3.0, 0.5)
    found = variational().solve(background, (observed,), 0)
    before, after = (float(observed.departure(state)[0]) for state in (background, found.state))
    # One datum: the departure shrinks by r^2 / (r^2 + h B h^T).
    box = np.zeros(8)
    box[[2, 3, 4]] = 1.0 / 3.0
    spread = np.vdot(box, background_error().apply(jnp.asarray(box).reshape(background.shape)))
    assert after == pytest.approx(before * 0.25 / (0.25 + spread), rel=1e-6)
    assert abs(after) < 0.5 * abs(before)


def test_a_product_of_two_values_is_an_observation_too():
    background = state_of()

    def product(state):
        return (state[0, 0, 1] * state[0, 0, 5])[None]

    target = product(background) + 2.0
    observed = ObservationTerm(product, target, jnp.asarray([0.1]), jnp.asarray([True]))
    found = variational().solve(background, (observed,), 0)
    assert abs(float(observed.departure(found.state)[0])) < 0.2 * abs(float(observed.departure(background)[0]))
