import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import Lbfgs, ObservationTerm, Variational
from latentda.fields import unit_standardizer
from latentda.forecast import Lorenz96
from latentda.operators import Dense, GridPoints
from latentda.priors import ModelSpacePrior

POINTS = 8
MODEL = Lorenz96(points=POINTS)
SHAPE = MODEL.layout.shape
THOROUGH = Lbfgs(iterations=60, tolerance=1e-9)


def background_error(seed=0):
    """A full covariance of unit-sized, correlated errors, by its Cholesky factor."""
    distance = np.abs((np.arange(POINTS)[:, None] - np.arange(POINTS) + 4) % POINTS - 4)
    sd = np.random.default_rng(seed).uniform(0.7, 1.3, POINTS)
    matrix = np.outer(sd, sd) * np.exp(-0.5 * (distance / 1.2) ** 2) + 0.05 * np.eye(POINTS)
    return Dense(jnp.asarray(np.linalg.cholesky(matrix), float), SHAPE)


def state_of(seed=1):
    return jnp.asarray(2.0 + 3.0 * np.random.default_rng(seed).normal(size=SHAPE), float)


def term_of(index=(0, 3, 4), error=0.5, seed=2, size=8):
    """Data at some points, padded to ``size`` rows."""
    rng = np.random.default_rng(seed)
    count = len(index)
    padding = size - count
    value = np.append(2.0 + 2.0 * rng.normal(size=count), np.zeros(padding))
    return ObservationTerm(
        GridPoints(jnp.asarray([*index, *[0] * padding])),
        jnp.asarray(value, float),
        jnp.asarray(np.append(error * np.ones(count), np.ones(padding)), float),
        jnp.asarray(np.arange(size) < count),
    )


def variational(prior=None, **settings):
    """A 3D-Var of the small world, unless the settings say otherwise."""
    prior = prior or ModelSpacePrior(background_error())
    settings = {"minimiser": THOROUGH} | settings
    return Variational(prior, unit_standardizer(MODEL.layout), **settings)


@pytest.fixture
def background():
    return state_of()
