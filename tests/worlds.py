"""Small worlds that several tests share: layouts, smooth fields, observations, precision, accidents."""

from contextlib import contextmanager
from functools import cache

import jax
import jax.extend
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.grid import Grid, PressureLevels, SigmaLevels, build_layout, gaussian_grid
from latentda.observations import make_batch, table_from_columns
from latentda.operators import SphericalTransform
from latentda.priors import estimate_balanced

NOON = np.datetime64("2000-01-01T12:00", "ns")
SIGMA = (0.4, 0.9)
HECTOPASCALS = (200.0, 500.0, 850.0)
TYPICAL = {"u": 0.0, "v": 0.0, "t": 270.0, "q": 4e-3, "z": 3e4, "sp": 1e5}
TYPICAL |= {"msl": 1.01e5, "t2m": 285.0, "u10m": 0.0, "v10m": 0.0, "d2m": 280.0}
SIZE = {"u": 8.0, "v": 6.0, "t": 4.0, "q": 1e-3, "z": 500.0, "sp": 800.0}
SIZE |= {"msl": 700.0, "t2m": 5.0, "u10m": 4.0, "v10m": 3.0, "d2m": 4.0}
NEAR_SURFACE = ("msl", "t2m", "u10m", "v10m", "d2m")


def north_first(grid):
    return Grid(grid.latitude[::-1], grid.longitude, grid.periodic, grid.kind)


def sigma_layout(grid=None, names="uvtq", levels=SIGMA):
    grid = grid or gaussian_grid(8, 16)
    return build_layout(grid, SigmaLevels(levels), dict.fromkeys(names, levels), ("sp",))


def pressure_layout(grid=None, names="uvtz", surface=("sp",), levels=HECTOPASCALS):
    grid = grid or gaussian_grid(8, 16)
    return build_layout(grid, PressureLevels(levels), dict.fromkeys(names, levels), surface)


@cache
def smooth_fields(grid, count, channels, seed=0):
    """Random fields of unit size whose variance falls with the total wavenumber."""
    transform = SphericalTransform(grid)
    shape = (count, channels, *transform.spectral_shape)
    spectral = np.random.default_rng(seed).normal(size=shape) * transform.mask
    spectral /= (1.0 + np.arange(shape[-1])) ** 1.5
    with jax.enable_x64(False):
        fields = np.asarray(jax.jit(transform.to_grid)(spectral.astype(np.float32)), np.float64)
    return (fields / fields.std()).astype(np.float32)


@cache
def balanced_covariance():
    """The classical background error of random smooth fields; estimated once, since that takes long."""
    layout = sigma_layout()
    scale = np.linspace(0.5, 2.0, layout.shape[0]).astype(np.float32)
    with jax.enable_x64(False):
        return estimate_balanced(smooth_fields(layout.grid, 60, layout.shape[0]), scale, layout)


def sizes_of(layout, table):
    return np.array([table[channel.short] for channel in layout.channels])[:, None, None]


def states_of(layout, count, seed=0):
    """Smooth states in physical units about a plausible atmosphere."""
    fields = smooth_fields(layout.grid, count, layout.shape[0], seed)
    return (sizes_of(layout, TYPICAL) + sizes_of(layout, SIZE) * fields).astype(np.float32)


def table_of(variable, **columns):
    """Observations at the equator and Greenwich at 500 hPa, but for what ``columns`` say."""
    count = len(variable)
    filled = {
        "time": np.full(count, NOON),
        "lat": np.zeros(count),
        "lon": np.zeros(count),
        "elev": np.zeros(count),
        "pres": np.full(count, 5e4),
        "observation": np.zeros(count),
        "error": np.ones(count),
        "variable": np.array(variable, dtype=object),
    }
    return table_from_columns(filled | {k: np.broadcast_to(v, (count,)) for k, v in columns.items()})


def batch_of(variable, size=None, **columns):
    """The same as a batch, by default without padding; rows keep their order within a variable."""
    return make_batch(table_of(variable, **columns), NOON, sizes=(size or len(variable),))


def double(tree):
    """A pytree with its floating leaves in double precision."""

    def widen(leaf):
        wide = jnp.complex128 if jnp.iscomplexobj(leaf) else jnp.float64
        return leaf.astype(wide) if jnp.issubdtype(leaf.dtype, jnp.inexact) else leaf

    return jax.tree.map(widen, tree)


def inner(a, b):
    """The dot product of two pytrees."""
    products = jax.tree.map(lambda x, y: jnp.vdot(x, y).real, a, b)
    return float(jax.tree.reduce(jnp.add, products))


def check_linearisation(function, point, direction, *, rel=1e-10, exponents=(2, 3, 4), atol=0.05):
    """Assert that the tangent linear is the limit of differences and the adjoint is its transpose.

    The remainder of a linearisation falls with the square of the step, or is nothing but rounding where the function is
    linear, and <F d, w> = <d, F^T w>.
    """
    point, direction = np.asarray(point), np.asarray(direction)
    push = jax.jit(lambda x, d: jax.jvp(function, (x,), (d,)))
    value, tangent = (np.asarray(part) for part in push(point, direction))
    weight = np.random.default_rng(0).normal(size=value.shape)
    adjoint = np.asarray(jax.jit(lambda x, w: jax.vjp(function, x)[1](w)[0])(point, weight))
    assert np.vdot(tangent, weight) == pytest.approx(np.vdot(direction, adjoint), rel=rel)
    steps = 10.0 ** -np.array(exponents, float)
    later = [np.asarray(push(point + h * direction, direction)[0]) for h in steps]
    remainders = [np.linalg.norm(x - value - h * tangent) for x, h in zip(later, steps, strict=True)]
    if max(remainders) <= 1e-13 * np.linalg.norm(value):
        return
    slopes = np.diff(np.log10(remainders)) / np.diff(np.log10(steps))
    np.testing.assert_allclose(slopes, 2.0, atol=atol)


@contextmanager
def compilations():
    """A list that grows by one with every function that JAX compiles, or fetches compiled from its cache on disk."""
    made = []

    def note(event, seconds, **about):
        if event == "/jax/core/compile/jaxpr_to_mlir_module_duration":
            made.append(about.get("fun_name"))

    jax.monitoring.register_event_duration_secs_listener(note)
    try:
        yield made
    finally:
        jax.monitoring.unregister_event_duration_listener(note)


def constants_in(jaxpr):
    """How many numbers a traced function holds as constants, in itself and in all that it calls."""
    within = [sub for eqn in jaxpr.jaxpr.eqns for sub in _called(eqn) if isinstance(sub, jax.extend.core.ClosedJaxpr)]
    return sum(np.size(const) for const in jaxpr.consts) + sum(constants_in(sub) for sub in within)


def operations(jaxpr):
    """(Name, shape) of every array that a jaxpr makes, in itself and in all that it calls."""
    for eqn in jaxpr.eqns:
        yield from ((eqn.primitive.name, made.aval.shape) for made in eqn.outvars)
        for sub in _called(eqn):
            yield from operations(getattr(sub, "jaxpr", sub))


def _called(eqn):
    values = [part for value in eqn.params.values() for part in (value if isinstance(value, tuple | list) else [value])]
    return [value for value in values if isinstance(value, jax.extend.core.ClosedJaxpr | jax.extend.core.Jaxpr)]


def killed_at(step):
    """A progress display under which a loop dies before it does ``step``."""

    def track(iterable, description, total):
        for k in iterable:
            if k == step:
                raise KeyboardInterrupt
            yield k

    return track
