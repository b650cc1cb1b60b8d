"""Variational systems: a prior made of a world's code and background errors, and a window.

x_b + B^(1/2) v,    x_b + D(E(x_b) + B_z^(1/2) v) - D(E(x_b)),    D(E(x_b) + B_z^(1/2) v),    sums of such
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp

from latentda.assimilation import GaussNewton, Instant, Prior, StrongConstraint, Variational, WeakConstraint, Window
from latentda.methods.method import Options
from latentda.operators import Covariance, Scaled
from latentda.priors import HybridPrior, LatentPrior, ModelSpacePrior
from latentda.world import World

MakePrior = Callable[[World, float], Prior]
"""``make(world, factor)``: a prior with a factor on its variances."""


def model_space(world: World, factor: float) -> ModelSpacePrior:
    """The balanced background error."""
    return ModelSpacePrior(scaled(world.error("model"), factor))


def model_space_zonal(world: World, factor: float) -> ModelSpacePrior:
    """The inhomogeneous background error of zonal wavenumbers."""
    return ModelSpacePrior(scaled(world.error("model_zonal"), factor))


def latent(world: World, factor: float) -> LatentPrior:
    """The structured background error of the code, increment form."""
    return LatentPrior(world.increment_code, scaled(world.error("latent"), factor))


def latent_diagonal(world: World, factor: float) -> LatentPrior:
    """One variance a latent element, increment form."""
    return LatentPrior(world.code, scaled(world.error("latent_diagonal"), factor))


def published(world: World, factor: float) -> LatentPrior:
    """One variance a latent element, the analysis decoded whole."""
    return LatentPrior(world.code, scaled(world.error("latent_diagonal"), factor), form="published")


def latent_and_remainder(world: World, factor: float) -> HybridPrior:
    """The structured latent error, and in model space the error of what the code does not carry."""
    return HybridPrior((latent(world, factor), ModelSpacePrior(scaled(world.error("unrepresented"), factor))))


def scaled(covariance: Covariance, factor: float) -> Covariance:
    """A covariance with a factor on its variances."""
    return Scaled(covariance, jnp.float32(factor))


@dataclass(frozen=True)
class AtOnce:
    """Three dimensions: observations of one time."""

    four_d: bool = False

    def build(self, world: World, options: Options, make_prior: MakePrior) -> Window:
        """The identity."""
        return Instant()


@dataclass(frozen=True)
class PerfectModel:
    """Four dimensions: the control is the state at the window's start.

    Attributes:
        learned: whether the learned step of codes takes the model's place in the window: the cycle's forecasts are
            the model's.
    """

    learned: bool = False
    four_d: bool = True

    def build(self, world: World, options: Options, make_prior: MakePrior) -> Window:
        """The strong constraint."""
        model = world.latent_surrogate if self.learned else options.model or world.model
        return StrongConstraint(model, options.slots)


@dataclass(frozen=True)
class ErringModel:
    """Four dimensions: the forecast to every slot has a control of its own, of the prior's form and smaller."""

    four_d: bool = True

    def build(self, world: World, options: Options, make_prior: MakePrior) -> Window:
        """The weak constraint."""
        slots = options.slots
        model_error = make_prior(world, world.settings.model_error * (slots[1] - slots[0]) / 12)
        return WeakConstraint(options.model or world.model, slots, model_error, world.standardizer)


@dataclass(frozen=True)
class VariationalSystem:
    """A prior and a window; the minimiser is the same for all.

    Attributes:
        prior: made of a world.
        window: likewise.
    """

    prior: MakePrior
    window: AtOnce | PerfectModel | ErringModel = AtOnce()

    @property
    def four_d(self) -> bool:
        """Whether the window has several slots."""
        return self.window.four_d

    @property
    def sized(self) -> bool:
        """It has."""
        return True

    @property
    def members(self) -> int:
        """One state."""
        return 1

    def build(self, world: World, options: Options) -> Variational:
        """The analysis in a world."""
        prior = self.prior(world, options.factor)
        window = self.window.build(world, options, self.prior)
        if options.climate is not None:
            parts = prior.parts if isinstance(prior, HybridPrior) else (prior,)
            prior = HybridPrior((*parts, ModelSpacePrior(scaled(options.climate, options.factor))))
        minimiser = GaussNewton(options.iterations, options.outer_loops, options.tolerance)
        return Variational(prior, world.standardizer, window, minimiser)
