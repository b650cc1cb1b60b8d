"""The rows of the augmented Lorenz-96 table.

Rivals get the best of a scan of inflation and size of Q on the very seeds that are scored; ETKF-Q-L with an estimated Q
gets no scan and no inflation. The lifted Q of x is the fairest that has no knowledge of the present state,

    Q_x = mean over a run of J q I J^T,    J the derivative of the lift,

of which the leading columns are taken, as many as z has numbers. q = 0.01 is the noise of the world that has noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latentda.assimilation.ensemble import covariance_root, estimated_model_error
from latentda.experiments.augmented.filters import FilterInSpace, IsotropicModelError, ModelError, etkf
from latentda.experiments.augmented.learned import Learned
from latentda.experiments.augmented.setup import AugmentedTwin
from latentda.experiments.augmented.system import AugmentedLorenz96, nature_run
from latentda.experiments.augmented.training import refined

Setting = tuple[float, float]
"""Inflation and size of Q."""


class Assets(eqx.Module):
    """What filters are made of, in one world.

    Attributes:
        system: the truth's.
        noise: of its z a step.
        learned: latent spaces by name.
        roots: the estimated Q^(1/2) of each.
        lifted: of x, for q = 1.
    """

    system: AugmentedLorenz96
    noise: Float[Array, ""]
    learned: dict[str, Learned]
    roots: dict[str, Float[Array, "column latent"]]
    lifted: Float[Array, "column point"]


def assets(twin: AugmentedTwin, world: str, learned: Mapping[str, Learned]) -> Assets:
    """Estimate what filters need of a world, from runs of their own.

    Args:
        twin: the set-up.
        world: by name.
        learned: latent spaces by name.
    """
    system, noise = twin.system, twin.noises[world]
    z = nature_run(system, jax.random.key(1997), 16, 250, noise)
    x = jax.jit(jax.vmap(jax.vmap(system.lift)))(z)
    roots = {name: estimated_model_error(one_step_errors(latent, x)) for name, latent in learned.items()}
    lifted = covariance_root(lifted_noise(system, z[:, ::10]), system.W.shape[1])
    return Assets(system, jnp.asarray(noise), dict(learned), roots, lifted)


def one_step_errors(learned: Learned, x: Float[Array, "run time point"]) -> Float[Array, "sample latent"]:
    """Z - g(z) of refined codes a step apart."""
    codes = refined(learned.code, x.reshape(-1, x.shape[-1])).reshape(*x.shape[:2], -1)
    errors = codes[:, 1:] - jax.jit(jax.vmap(jax.vmap(learned.step)))(codes[:, :-1])
    return errors.reshape(-1, codes.shape[-1])


@jax.jit
def lifted_noise(system: AugmentedLorenz96, z: Float[Array, "run time variable"]) -> Float[Array, "point point"]:
    """The mean of J J^T."""
    J = jax.vmap(jax.jacfwd(system.lift))(z.reshape(-1, z.shape[-1]))
    return jnp.einsum("sij,skj->ik", J, J) / len(J)


def same(state: Array) -> Array:
    """The identity."""
    return state


def in_true_z(given: Assets, inflation: Array, size: Array) -> FilterInSpace:
    """ETKF without model error."""
    del size
    system = given.system
    return FilterInSpace(same, system.inner_step, system.lift, None, etkf(inflation, True))


def in_true_z_with_q(given: Assets, inflation: Array, size: Array) -> FilterInSpace:
    """ETKF-Q with the true Q times the size."""
    system, error = given.system, IsotropicModelError(size * given.noise**2)
    return FilterInSpace(same, system.inner_step, system.lift, error, etkf(inflation))


def in_x(given: Assets, inflation: Array, size: Array) -> FilterInSpace:
    """ETKF-Q with Q the size times the identity."""
    system = given.system
    return FilterInSpace(system.lift, system.step, same, IsotropicModelError(size), etkf(inflation))


def in_x_with_lifted_q(given: Assets, inflation: Array, size: Array) -> FilterInSpace:
    """ETKF-Q with the lifted Q of q the size."""
    system = given.system
    return FilterInSpace(system.lift, system.step, same, ModelError(given.lifted, size), etkf(inflation))


@dataclass(frozen=True)
class InLatent:
    """ETKF-Q-L.

    Attributes:
        name: of the networks.
        guessed: whether Q is the size times the identity, in units of the latent variance; else the size multiplies
            the estimated Q.
    """

    name: str
    guessed: bool = False

    def __call__(self, given: Assets, inflation: Array, size: Array) -> FilterInSpace:
        """The filter."""
        learned, lift = given.learned[self.name], given.system.lift
        error = IsotropicModelError(size) if self.guessed else ModelError(given.roots[self.name], size)
        encode = _Encode(learned, lift)
        return FilterInSpace(encode, learned.step, learned.code.decode, error, etkf(inflation))


class _Encode(eqx.Module):
    learned: Learned
    lift: Callable[[Array], Array]

    def __call__(self, z: Array) -> Array:
        return self.learned.code.encode(self.lift(z))


@dataclass(frozen=True)
class Method:
    """A row.

    Attributes:
        settings: in words.
        build: the filter of assets, inflation and size of Q.
        scan: what is tried.
        members: N.
        noisy: whether the row is only of worlds whose truth has noise; there is nothing to lift in others.
    """

    settings: str
    build: Callable[[Assets, Array, Array], FilterInSpace]
    scan: tuple[Setting, ...] = ((1.0, 1.0),)
    members: int = 40
    noisy: bool = False


def _scan(inflations: Iterable[float], sizes: Iterable[float] = (1.0,)) -> tuple[Setting, ...]:
    return tuple(product(inflations, sizes))


def methods(networks: Iterable[str]) -> dict[str, Method]:
    """Rows by name.

    Args:
        networks: names of those that there are; the first of them also gets guessed Q and few members.
    """
    inflations = (1.0, 1.01, 1.02, 1.05, 1.1, 1.2, 1.3, 1.4)
    found = {
        "etkf-z": Method("true z, no Q", in_true_z, _scan(inflations)),
        "etkf-q-z": Method("true z, true Q", in_true_z_with_q, _scan((1.0, 1.02))),
        "etkf-q-x": Method("x, Q = q I", in_x, _scan((1.0, 1.05), (0.0, 1e-3, 3e-3, 1e-2))),
        "etkf-q-x-lifted": Method(
            "x, lifted Q", in_x_with_lifted_q, _scan((1.0, 1.05), (1e-4, 1e-2, 3e-2)), noisy=True
        ),
    }
    names = list(networks)
    for name in names:
        found[f"etkf-q-l-{name}"] = Method(f"{name} networks, Q estimated", InLatent(name))
    first = names[0]
    for guess in (0.1, 0.01):
        guessed = InLatent(first, guessed=True)
        found[f"etkf-q-l-guess-{guess:g}"] = Method(f"{first} networks, Q = {guess:g}^2 I", guessed, ((1.0, guess**2),))
    # Fewer members than directions need far more inflation.
    few = _scan((1.02, 1.05, 1.1, 1.3, 1.5, 1.8, 2.2))
    found["etkf-z-20"] = Method("true z, no Q", in_true_z, few, 20)
    found["etkf-q-l-20"] = Method(f"{first} networks, Q estimated", InLatent(first), few, 20)
    return found
