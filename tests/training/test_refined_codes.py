import jax
import jax.numpy as jnp
import numpy as np

from latentda.training import refine_codes

W = jnp.asarray(np.random.default_rng(0).normal(size=(12, 4)))


def decode(z):
    return jnp.sinh(0.5 * W @ z)


def misfit(states, codes):
    return jnp.sum((jax.vmap(decode)(codes) - states) ** 2, axis=1)


def test_refined_codes_reconstruct_better_up_to_the_best():
    draw = np.random.default_rng(1)
    best = jnp.asarray(draw.normal(size=(10, 4)))
    states = jax.vmap(decode)(best)
    raw = best + 0.2 * jnp.asarray(draw.normal(size=(10, 4)))
    one, many = (refine_codes(decode, states, raw, steps, batch_size=4) for steps in (1, 8))
    assert jnp.all(misfit(states, one) < misfit(states, raw))
    np.testing.assert_allclose(many, best, atol=1e-4)


def test_a_step_that_comes_no_nearer_is_not_taken():
    states, raw = jnp.zeros((1, 1)), jnp.full((1, 1), 2.0)
    found = refine_codes(jnp.tanh, states, raw, 1)
    np.testing.assert_array_equal(found, raw)
