"""What derivatives of the embedded world cost in time and memory, and how well they hold.

Every window is measured in a process of its own, since a process's peak of resident memory never falls. Times are
processor times of interleaved calls, as ratios to the forward run, once of a call alone and once of one more turn of a
compiled loop, as in a minimiser: a call alone asks the system for its memory anew. The linearisation's products are
those of Gauss-Newton, A^T A u, from one jax.linearize and its transpose; beside them stand the same from jax.jvp and
jax.vjp. With them come the dot-product law, and the tangent linear against differences of forecasts.

Run: python benchmarks/adjoint.py [--hours 6 12 24] [--repeat 5] [--unchecked]
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from latentda.forecast import initial_fields, jcm_model
from latentda.grid import hours_since_1970
from latentda.operators import white_control
from latentda.world import embedded_world

NUDGE = 1e-6
"""By which a turn of a loop moves the state of the next, so that each has to be computed."""

SHARES = (1e-3, 1e-2, 1e-1, 1.0)
"""Sizes of the increments of the tangent linear's test, as shares of a draw of the background error."""


class Propagation:
    """a -> M(x) over one window, in standardised anomalies, and its derivatives, each compiled once."""

    def __init__(self, hours: int):
        world, model = embedded_world(), jcm_model()
        state, date = initial_fields(model, world.start)
        start = hours_since_1970(date)
        scale = world.standardizer.scale[:, None, None]
        self.state = world.standardizer.to_anomaly(state, start)
        origin = jnp.asarray(state) - scale * self.state
        covariance = world.error("model")
        draws = [covariance.root(white_control(covariance, jax.random.key(seed))) for seed in (0, 1)]
        self.increment, self.cotangent = draws

        def run(anomaly: jax.Array) -> jax.Array:
            return model.propagate(origin + scale * anomaly, start, (hours,))[0] / scale

        def products(count: jax.Array, anomaly: jax.Array, direction: jax.Array) -> jax.Array:
            _, tangent = jax.linearize(run, anomaly)
            adjoint = jax.linear_transpose(tangent, anomaly)

            def product(_: Any, direction: jax.Array) -> jax.Array:
                (image,) = adjoint(tangent(direction))
                return image / jnp.linalg.norm(image)

            return jax.lax.fori_loop(0, count, product, direction)

        self.run = run
        self.tangent = lambda x, u: jax.jvp(run, (x,), (u,))[1]
        self.gradient = lambda x, w: jax.vjp(run, x)[1](w)[0]
        self.products = products

    @staticmethod
    def loop(function: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
        """The function, count times, each time near the same state."""

        def turns(count: jax.Array, anomaly: jax.Array, *others: jax.Array) -> jax.Array:
            def turn(_: Any, last: jax.Array) -> jax.Array:
                return function(anomaly + NUDGE * last / jnp.linalg.norm(last), *others)

            return jax.lax.fori_loop(0, count, turn, jnp.ones_like(anomaly))

        return turns

    def arguments(self) -> Mapping[str, tuple[Callable[..., jax.Array], tuple[Any, ...]]]:
        """The functions to measure, those that need little memory first."""
        x, u, w = self.state, self.increment, self.cotangent
        return {
            "forward": (self.loop(self.run), (x,)),
            "tangent": (self.loop(self.tangent), (x, u)),
            "gradient": (self.loop(self.gradient), (x, w)),
            "linearised": (self.products, (x, u)),
        }


def turns_of(name: str) -> tuple[int, int]:
    """Turns of the two calls of which the difference is what a turn takes; the first is a call alone."""
    return (0, 2) if name == "linearised" else (1, 3)


def peak() -> float:
    """The most resident memory that this process has had so far (GiB), compilation included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measure(hours: int, repeat: int, check: bool) -> dict[str, Any]:
    """Times, memory and, if asked for, the two laws of one window; to be run in a new process."""
    propagation = Propagation(hours)
    row: dict[str, Any] = {"hours": hours}
    compiled: dict[str, Any] = {}
    calls: dict[str, Callable[[int], jax.Array]] = {}
    for name, (function, arguments) in propagation.arguments().items():
        begin = time.process_time()
        compiled[name] = jax.jit(function).lower(jnp.int32(1), *arguments).compile()
        row[f"{name}: compilation"] = time.process_time() - begin
        calls[name] = lambda n, name=name, arguments=arguments: compiled[name](jnp.int32(n), *arguments)
        jax.block_until_ready(calls[name](1))
        row[f"{name}: buffers"] = compiled[name].memory_analysis().temp_size_in_bytes / 2**30
        row[f"{name}: peak"] = peak()
    taken: dict[tuple[str, int], list[float]] = {}
    for _ in range(repeat):
        for name, call in calls.items():
            for count in turns_of(name):
                begin = time.process_time()
                jax.block_until_ready(call(count))
                taken.setdefault((name, count), []).append(time.process_time() - begin)
    for name in calls:
        few, many = turns_of(name)
        row[name] = float(np.median(taken[name, few]))
        turns = np.subtract(taken[name, many], taken[name, few]) / (many - few)
        row[f"{name}: in a loop"] = float(np.median(turns))
    row["peak"] = peak()
    return row | (laws(propagation, compiled) if check else {})


def laws(propagation: Propagation, compiled: Mapping[str, Any]) -> dict[str, Any]:
    """|<M u, w> - <u, M^T w>| / (|M u| |w|), and | M(x + s u) - M(x) - s M u | / | s M u | for shares s."""
    x, u, w = (np.float64(a) for a in (propagation.state, propagation.increment, propagation.cotangent))
    call = {
        name: lambda *a, name=name: np.float64(compiled[name](jnp.int32(1), *map(jnp.float32, a))) for name in compiled
    }
    image, gradient, end = call["tangent"](x, u), call["gradient"](x, w), call["forward"](x)
    gap = abs((image * w).sum() - (u * gradient).sum()) / np.linalg.norm(image) / np.linalg.norm(w)
    found: dict[str, Any] = {"dot product": gap, "finite": bool(np.isfinite(call["gradient"](x + u, w)).all())}
    for share in SHARES:
        moved = call["forward"](x + share * u) - end
        found[f"share {share:g}"] = np.linalg.norm(moved - share * image) / np.linalg.norm(share * image)
    return found


def report(row: Mapping[str, Any]) -> None:
    """One window's rows of the two tables, and what the laws gave."""
    print(f"{row['hours']} h; forward run {row['forward']:.2f} s of processor time")
    print("| as ratios to the forward run | alone | in a loop |")
    loops = {name: row[f"{name}: in a loop"] / row["forward: in a loop"] for name in ("tangent", "gradient")}
    for name, ratio in loops.items():
        print(f"| {name} | {row[name] / row['forward']:.2f} | {ratio:.2f} |")
    print(f"| linearise | {row['linearised'] / row['forward']:.2f} | |")
    product = row["linearised: in a loop"] / row["forward: in a loop"]
    print(f"| product A^T A u, linearised | | {product:.2f} |")
    print(f"| the same, anew | | {loops['tangent'] + loops['gradient']:.2f} |")
    print("| | compilation, s of processor time | XLA's buffers, GiB | resident peak so far, GiB |")
    for name in ("forward", "tangent", "gradient", "linearised"):
        parts = (row[f"{name}: compilation"], row[f"{name}: buffers"], row[f"{name}: peak"])
        print(f"| {name} | {parts[0]:.0f} | {parts[1]:.3f} | {parts[2]:.2f} |")
    print(f"resident peak after all products: {row['peak']:.2f} GiB")
    if "dot product" in row:
        print(f"dot products differ by {row['dot product']:.1e} of the norms")
        print(f"gradient from the perturbed state finite: {row['finite']}")
        for share in SHARES:
            print(f"tangent linear off by {row[f'share {share:g}']:.3f} at {share:g} of the background error")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, nargs="+", default=[6, 12, 24], help="lengths of the windows, h")
    parser.add_argument("--repeat", type=int, default=5, help="calls of each function; their median counts")
    parser.add_argument("--unchecked", action="store_true", help="leave out the two laws")
    options = parser.parse_args()
    fresh = multiprocessing.get_context("spawn")
    for hours in options.hours:
        with ProcessPoolExecutor(1, mp_context=fresh) as process:
            report(process.submit(measure, hours, options.repeat, not options.unchecked).result())


if __name__ == "__main__":
    main()
