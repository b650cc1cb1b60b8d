"""Whether a world is sound, before anything long starts: its numbers, its code, its background errors, its cost.

    <U v, x> = <v, U^T x>                                          root of the background error and its adjoint
    D(z + h d) - D(z) = h D'(z) d + O(h^2)                         the decoder's derivative

and the sizes a user can judge: what the code leaves unexplained, how far B's draws spread in every variable and level,
and what an analysis will take.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation import ObservationTerm, Variational
from latentda.assimilation.variational.prior import Prior
from latentda.figures.words import shown_variable
from latentda.grid import Layout
from latentda.methods import METHODS, Options
from latentda.networks.weights import read_about
from latentda.observations import table_from_columns
from latentda.observations.quality import PHYSICAL_RANGES
from latentda.priors import background_spread
from latentda.workflows.check import Check
from latentda.world import WorldFolder, world_intake

CHECKED_METHODS = ("3dvar", "latent_3dvar")
"""Whose priors are looked at, those of model space and of the code."""

DATA = 2000
"""Random data of the analysis that is timed."""

SMALL, LARGE = 0.01, 1.5
"""Spread over the climatological one, below and above which a background error is doubted."""

EXACT = 1e-3
"""Share by which products may differ, in single precision."""


@dataclass(frozen=True, eq=False)
class WorldReport:
    """What was found.

    Attributes:
        layout: of the world's states.
        methods: by name: empty where it can run, or why it cannot.
        checks: laws and limits.
        spread: of the background error by method, a channel, physical units.
        unexplained: share of each channel's variance that the code leaves, where its training told it.
        climate: the climatological standard deviation of each channel.
    """

    layout: Layout
    methods: dict[str, str]
    checks: list[Check]
    climate: Float[ndarray, " channel"]
    spread: dict[str, Float[ndarray, " channel"]] = field(default_factory=dict)
    unexplained: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether all checks passed."""
        return all(check.passed for check in self.checks)


def check_world(world: WorldFolder) -> WorldReport:
    """Look at all that a world holds.

    Raises:
        UserError: it has no climatology.
    """
    layout, scale = world.layout, np.asarray(world.standardizer.scale)
    options = Options(slots=(0, world.settings.interval_hours))
    methods = {name: method.missing(world, options) for name, method in METHODS.items() if method.assimilates}
    checks = [_finite(world), *_plausible(world)]
    spread: dict[str, ndarray] = {}
    for name in CHECKED_METHODS:
        if methods[name]:
            continue
        method = METHODS[name].build(world, Options())
        assert isinstance(method, Variational)
        own = np.asarray(background_spread(method.prior, jnp.zeros(layout.shape), jax.random.key(0)))
        spread[name] = scale * np.sqrt((own**2 * layout.grid.area_weights).mean((1, 2)))
        checks += [_sized(name, spread[name] / scale, layout), _adjoint(name, method.prior, layout)]
        checks.append(_cost(name, method, world))
    return WorldReport(layout, methods, checks, scale, spread, _unexplained(world))


def _finite(world: WorldFolder) -> Check:
    climatology, scale = world.standardizer.climatology, np.asarray(world.standardizer.scale)
    good = bool(np.isfinite(np.asarray(climatology.coefficients)).all() and (scale > 0).all())
    return Check("climatology and scales are finite", "yes" if good else "NaN, or a scale of zero", good)


def _plausible(world: WorldFolder) -> list[Check]:
    """The mean state of every variable within what the atmosphere can do."""
    layout, mean = world.layout, np.asarray(world.standardizer.climatology.coefficients[0])
    found = []
    for name in (name for name in layout.variables if name in PHYSICAL_RANGES):
        low, high = PHYSICAL_RANGES[name]
        own = mean[layout.indices(name)]
        outside = [layout.names[i] for i in layout.indices(name) if not low <= mean[i].mean() <= high]
        factor, words = shown_variable(name)
        spans = [f"{factor * one:.4g} to {factor * other:.4g}" for one, other in ((own.min(), own.max()), (low, high))]
        found.append(Check(f"units of {words}", f"{spans[0]}, possible {spans[1]}", not outside))
    return found


def _sized(name: str, share: Float[ndarray, " channel"], layout: Layout) -> Check:
    low, high = int(share.argmin()), int(share.argmax())
    ends = " to ".join(f"{share[i]:.2g} ({layout.names[i]})" for i in (low, high))
    told = f"{ends} of the climatological spread"
    return Check(f"background error of {name}", told, bool(share[low] > SMALL and share[high] < LARGE))


def _adjoint(name: str, prior: Prior, layout: Layout) -> Check:
    """<U' v, x> = <v, U'^T x>, U' the derivative of x(v) at v = 0."""
    anchor = prior.anchor(jnp.zeros(layout.shape))
    zero, unflatten = ravel_pytree(prior.zero_control())
    random = np.random.default_rng(0)
    control, state = (jnp.asarray(random.normal(size=shape), zero.dtype) for shape in (zero.shape, layout.shape))

    @eqx.filter_jit
    def products(prior: Prior, anchor: Any, control: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
        image, transpose = jax.vjp(lambda v: prior.state(anchor, unflatten(v)), zero)
        del image
        _, moved = jax.jvp(lambda v: prior.state(anchor, unflatten(v)), (zero,), (control,))
        return jnp.vdot(moved, state), jnp.vdot(control, transpose(state)[0])

    forward, backward = (float(product) for product in products(prior, anchor, control, state))
    apart = abs(forward - backward) / max(abs(forward), abs(backward), 1e-30)
    return Check(f"adjoint of {name}", f"{forward:.6g} and {backward:.6g}; they differ by {apart:.1e}", apart < EXACT)


def _cost(name: str, method: Variational, world: WorldFolder) -> Check:
    """Seconds and memory of one gradient of the cost with random data, after compilation."""
    term = _random_term(world)
    background = jnp.zeros(world.layout.shape)

    @eqx.filter_jit
    def gradient(method: Variational, background: jax.Array, term: ObservationTerm) -> jax.Array:
        cost = method.cost(background, (term,), jnp.int32(0))
        flat, unflatten = ravel_pytree(cost.zero_control())
        return jax.grad(lambda v: cost(unflatten(v)))(flat)

    lowered = gradient.lower(method, background, term).compile()  # type: ignore[attr-defined]
    memory = lowered.compiled.memory_analysis()
    first = np.asarray(lowered(method, background, term))
    begin = time.perf_counter()
    np.asarray(lowered(method, background, term))
    seconds = time.perf_counter() - begin
    used = getattr(memory, "temp_size_in_bytes", 0) + getattr(memory, "argument_size_in_bytes", 0)
    told = (
        f"{DATA} data: {seconds:.2g} s a gradient, so about {2.5 * 40 * seconds:.0f} s for 40 iterations, and "
        f"{used / 2**30:.2g} GiB"
    )
    return Check(f"cost of {name}", told, bool(np.isfinite(first).all()))


def _random_term(world: WorldFolder) -> ObservationTerm:
    layout = world.layout
    names = [name for name in ("t", "u", "v", "z") if name in layout.variables]
    random = np.random.default_rng(0)
    grid, levels = layout.grid, 100.0 * np.asarray(layout.vertical.levels or (500.0,))
    span = [(min(axis), max(axis)) for axis in (grid.latitude, grid.longitude)]
    columns = {
        "time": np.full(DATA, np.datetime64(0, "ns")),
        "lat": random.uniform(*span[0], DATA),
        "lon": random.uniform(*span[1], DATA) % 360.0,
        "pres": random.choice(levels if levels.max() > 200.0 else 1000.0 * levels, DATA),
        "variable": random.choice(np.array(names or ["t"], object), DATA),
        "observation": np.zeros(DATA),
        "error": np.ones(DATA),
    }
    return world_intake(world).term(table_from_columns(columns), 0)


def _unexplained(world: WorldFolder) -> dict[str, float]:
    if not world.has("autoencoder"):
        return {}
    rows = read_about(world.file("autoencoder")).get("unexplained_variance", [])
    return {row["channel"]: float(row["network"]) for row in rows}
