"""The background error at the data, s_b^2 = diag(H B H^T), for what is observed as it is and for what is derived."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.intake import Intake
from latentda.observations import used
from latentda.operators import Dense, Diagonal
from latentda.priors import ModelSpacePrior, background_draws
from tests.worlds import TYPICAL, pressure_layout, sigma_layout, sizes_of, table_of

LAYOUT = sigma_layout()
SD = {"u": 3.0, "v": 3.0, "t": 1.0, "q": 1.5e-3, "sp": 100.0}
PRESSURE = pressure_layout(names="ut", surface=())


def northwesterly(speed=30.0):
    background = np.broadcast_to(sizes_of(LAYOUT, TYPICAL), LAYOUT.shape).astype(np.float32).copy()
    background[LAYOUT.indices("u")], background[LAYOUT.indices("v")] = speed, -speed
    return background


def only(*names):
    """A perturbation of some variables by their standard deviation, everywhere alike."""
    draw = np.broadcast_to(sizes_of(LAYOUT, SD), LAYOUT.shape).astype(np.float32).copy()
    for name in set(SD) - set(names):
        draw[LAYOUT.indices(name)] = 0.0
    return draw


def spanning():
    """Draws that span the covariance of variables that err independently."""
    return np.sqrt(len(SD)) * np.stack([only(name) for name in SD])


def flat_intake(layout, draws):
    return Intake(layout, np.zeros(layout.grid.shape), draws)


def changes(name, background, **columns):
    """H(x_b + sd of one variable) - H(x_b), a variable each, and of all together."""
    intake, table = flat_intake(LAYOUT, None), table_of([name], **columns)
    moved = [intake.equivalents(table, background + only(*names))[0] for names in (*((n,) for n in SD), tuple(SD))]
    return np.array(moved) - intake.equivalents(table, background)[0]


def test_wind_speed_errs_as_the_components_do_whatever_the_direction():
    background = northwesterly()
    found = flat_intake(LAYOUT, spanning()).spread(table_of(["ws"], pres=6e4), background)
    # The speed's tangent is (u, v) / ws.
    assert found[0] == pytest.approx(3.0, rel=0.02)
    assert abs(changes("ws", background, pres=6e4)[-1]) < 1.0


@pytest.mark.parametrize("name", ["n", "tcwv", "ws", "ws10m", "td", "tv", "t", "u", "sp"])
def test_what_is_derived_errs_by_the_parts_that_it_is_made_of(name):
    background, pressure = northwesterly(), np.nan if name in ("tcwv", "ws10m", "sp") else 8.5e4
    found = flat_intake(LAYOUT, spanning()).spread(table_of([name], pres=pressure), background)[0]
    expected = np.sqrt(np.sum(changes(name, background, pres=pressure)[:-1] ** 2))
    # Draws are larger than a standard deviation, and some of these are not linear.
    assert found == pytest.approx(expected, rel=0.2 if name == "td" else 0.05)


def test_errors_of_temperature_and_humidity_do_not_cancel_in_refractivity():
    background = northwesterly()
    found = flat_intake(LAYOUT, spanning()).spread(table_of(["n"], pres=8.5e4), background)[0]
    assert found > 1.1 * abs(changes("n", background, pres=8.5e4)[-1])


def linear_problem():
    names = ["t", "u", "t", "u"]
    table = table_of(names, lat=[10.0, -35.0, 50.0, 0.0], lon=[3.0, 80.0, 200.0, 359.0], pres=[3e4, 5e4, 7e4, 8e4])
    root = np.random.default_rng(0).normal(size=(int(np.prod(PRESSURE.shape)), 6)).astype(np.float32)
    background = np.broadcast_to(sizes_of(PRESSURE, TYPICAL), PRESSURE.shape).astype(np.float32)
    bare = flat_intake(PRESSURE, None)
    base = bare.equivalents(table, background)
    parts = [bare.equivalents(table, background + column.reshape(PRESSURE.shape)) - base for column in root.T]
    return table, background, root, np.sqrt(np.sum(np.square(parts), axis=0))


def test_draws_that_span_a_covariance_give_the_diagonal_of_h_b_h_transposed():
    table, background, root, exact = linear_problem()
    draws = np.sqrt(6.0) * root.T.reshape(6, *PRESSURE.shape)
    np.testing.assert_allclose(flat_intake(PRESSURE, draws).spread(table, background), exact, rtol=1e-3)


def test_white_draws_of_a_prior_give_it_within_their_sampling_error():
    table, background, root, exact = linear_problem()
    prior = ModelSpacePrior(Dense(jnp.asarray(root), PRESSURE.shape))
    draws = background_draws(prior, jnp.zeros(PRESSURE.shape), jax.random.key(1), 2000)
    found = flat_intake(PRESSURE, np.asarray(draws)).spread(table, background)
    np.testing.assert_allclose(found, exact, rtol=4.5 / np.sqrt(2.0 * 2000))


def test_independent_grid_points_average_out_between_them():
    latitude, east = float(PRESSURE.grid.latitude[3]), 360.0 / PRESSURE.grid.shape[1]
    table = table_of(["t", "t"], lat=latitude, lon=[0.0, 0.5 * east], pres=5e4)
    prior = ModelSpacePrior(Diagonal(2.0 * jnp.ones(PRESSURE.shape)))
    draws = np.asarray(background_draws(prior, jnp.zeros(PRESSURE.shape), jax.random.key(2), 2000))
    background = np.broadcast_to(sizes_of(PRESSURE, TYPICAL), PRESSURE.shape)
    found = flat_intake(PRESSURE, draws).spread(table, background)
    np.testing.assert_allclose(found, [2.0, np.sqrt(2.0)], rtol=4.5 / np.sqrt(2.0 * 2000))


def test_a_sound_wind_from_the_north_west_passes_the_first_guess_check():
    background = northwesterly()
    intake = flat_intake(LAYOUT, spanning())
    equivalent = intake.equivalents(table_of(["ws"], pres=6e4), background)
    table = table_of(["ws"], pres=6e4, observation=equivalent + 9.0, error=1.0)
    assert used(intake.screen(table, FirstGuess.instant(background), 0)).all()


def test_draws_that_lift_the_ground_above_a_datum_do_not_count():
    background, lifted = northwesterly(), spanning()
    lifted[0, LAYOUT.index("sp")] = -3e4
    found = flat_intake(LAYOUT, lifted).spread(table_of(["u"], pres=9.5e4), background)[0]
    expected = flat_intake(LAYOUT, lifted[1:]).spread(table_of(["u"], pres=9.5e4), background)[0]
    assert found == pytest.approx(expected)


def test_a_scaled_intake_expects_errors_of_so_many_times_the_variance():
    background, table = northwesterly(), table_of(["t", "u"], pres=6e4)
    intake = flat_intake(LAYOUT, spanning())
    np.testing.assert_allclose(
        intake.scaled(4.0).spread(table, background), 2.0 * intake.spread(table, background), rtol=1e-3
    )


def test_an_intake_without_draws_says_what_it_lacks():
    with pytest.raises(ValueError, match="give the intake perturbations"):
        flat_intake(LAYOUT, None).expectation(table_of(["t"], pres=6e4), FirstGuess.instant(northwesterly()), 0)
