"""How a world takes observations in: screened against its background error at the data."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from latentda.assimilation.intake import Intake
from latentda.assimilation.variational.prior import Prior
from latentda.forecast import ForecastModel
from latentda.priors import LatentPrior, ModelSpacePrior, background_draws
from latentda.world.folder import WorldFolder


def screening_prior(world: WorldFolder) -> Prior:
    """What the background's error is expected to be, the same for all methods: that of model space if there is one."""
    if world.has("model") or not world.has("latent"):
        return ModelSpacePrior(world.error("model"))
    return LatentPrior(world.increment_code, world.error("latent"))


def world_intake(world: WorldFolder, model: ForecastModel | None = None) -> Intake:
    """The intake that all methods share, with draws of the background error.

    Args:
        world: whose background error.
        model: whose orography; by default the world's.

    Raises:
        UserError: the world lacks a file, or the model an orography.
    """
    draws = np.asarray(background_draws(screening_prior(world), jnp.zeros(world.layout.shape), jax.random.key(0)))
    return Intake(world.layout, world.orography(model), draws * np.asarray(world.standardizer.scale)[:, None, None])
