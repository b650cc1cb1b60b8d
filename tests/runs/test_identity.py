"""A digest tells values apart by all that they hold, and nothing else."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.runs.identity import digest, identity_of


@dataclass(frozen=True)
class Settings:
    width: int
    extra: Any = None


class Module(eqx.Module):
    weight: jax.Array
    width: int = eqx.field(static=True)


def test_equal_values_have_one_digest():
    def make():
        arrays = {"b": np.arange(3.0), "a": [jnp.ones(2), (1, "x", None)]}
        return Module(jnp.ones((2, 3)), 4), Settings(3, arrays), {2, 1}, partial(make, 1), jax.random.key(3)

    assert digest(make()) == digest(make())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.ones(2, np.float32), np.ones(2)),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.array([1.0]), np.array([np.nextafter(1.0, 2.0)])),
        (Settings(1), Settings(2)),
        (Settings(1, Settings(1)), Settings(1, Settings(2))),
        (Module(jnp.ones(2), 1), Module(jnp.zeros(2), 1)),
        (Module(jnp.ones(2), 1), Module(jnp.ones(2), 2)),
        ({"a": 1}, {"b": 1}),
        (["ab", "c"], ["a", "bc"]),
        ([1, [2]], [[1], 2]),
        ((1, 2), [1, 2]),
        (1, True),
        (len, max),
        (partial(max, 1), partial(max, 2)),
        (jax.random.key(1), jax.random.key(2)),
    ],
)
def test_other_values_have_another(one, other):
    assert digest(one) != digest(other)


def test_every_part_has_its_own():
    found = identity_of(model=Settings(1), background=np.zeros(2))
    assert set(found) == {"model", "background"}
    assert found["model"] == identity_of(model=Settings(1), background=np.ones(2))["model"]
