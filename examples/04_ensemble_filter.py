"""An ensemble filter on plain arrays: a model of your own, observations of your own, nothing else of the package.

Forty points on a circle are carried along and fade a little where they are steep; every fourth is observed with an
error of 0.1. Twelve members follow them, a global filter beside a local one.
"""

import jax
import numpy as np

from latentda.assimilation.ensemble import ETKF, LETKF, EnsembleFilter, Multiplicative, periodic_taper

POINTS, MEMBERS, CYCLES, ERROR = 40, 12, 100, 0.1
random = np.random.default_rng(0)
observed = np.arange(0, POINTS, 4)


def model(states):
    """One step: half a point to the east, and a push that keeps the wave alive."""
    moved = 0.5 * (states + np.roll(states, 1, axis=-1))
    return moved + 0.1 * np.sin(2.0 * np.roll(moved, 3, axis=-1))


def run(update):
    """Analysis errors of every cycle, and the spread that goes with the last."""
    truth = 2.0 * np.sin(2.0 * np.pi * np.arange(POINTS) / POINTS)
    members = truth + random.normal(size=(MEMBERS, POINTS))
    errors = []
    for cycle in range(CYCLES):
        truth, members = model(truth), model(members)
        data = truth[observed] + ERROR * random.normal(size=observed.size)
        departures = (members[:, observed] - data) / ERROR  # R^(-1/2) (H(x_k) - y)
        members = np.asarray(update(members, departures, jax.random.key(cycle))[0])
        errors.append(np.sqrt(np.mean((members.mean(axis=0) - truth) ** 2)))
    return errors, members.std(axis=0, ddof=1).mean()


taper = periodic_taper(POINTS, radius=12.0)[:, observed]  # zero from twelve points on
filters = {
    "ETKF": EnsembleFilter(ETKF(), Multiplicative(1.05)),
    "LETKF": EnsembleFilter(LETKF(taper), Multiplicative(1.05)),
}
for name, update in filters.items():
    errors, spread = run(update)
    print(f"{name:6s} analysis error {errors[0]:.3f} at first, {np.mean(errors[50:]):.3f} later; spread {spread:.3f}")
