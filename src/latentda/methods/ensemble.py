"""Ensemble systems: filters, and variational methods with members in their background error.

The first members are drawn from the static background error, so that every method starts with the same doubt of the
same background.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import jax.numpy as jnp
import numpy as np

from latentda.assimilation import GaussNewton, Instant, StateAtSlots, Variational
from latentda.assimilation.ensemble import (
    ETKF,
    EnsembleAnalysis,
    EnsembleMethod,
    EnsembleVariational,
    Inflation,
    Localization,
    RelaxationToPriorSpread,
    mean_variance,
)
from latentda.grid import EARTH_RADIUS, Grid, Layout
from latentda.methods.method import Options
from latentda.methods.variational import latent, model_space, scaled
from latentda.priors import LatentPrior, ModelSpacePrior, Taper, latent_taper, model_space_taper
from latentda.world import World

USUAL = Localization.of_sigma(700.0, 0.4)
"""Radii of filters where none are chosen: those of global models with some 20 members, about 2,500 km and a factor of
4 in pressure."""

IN_MODEL_SPACE = Localization(3500.0, 3.0)
"""Radii of covariances of some 20 members in model space, see ``docs/decisions.md``."""

IN_LATENT_SPACE = Localization(4000.0)
"""The same in latent space."""

BETWEEN_LATENTS = 0.3
"""Taper between two latents of a token, likewise."""


HALF_WAY_ROUND_KM = np.pi * EARTH_RADIUS / 1e3


@dataclass(frozen=True)
class FilterSystem:
    """A filter of one time.

    Attributes:
        members: N, where the options say nothing else.
        analysis: of all data at once, for filters without localisation.
        localization: where the options say nothing else; None: every datum counts everywhere.
        inflation: of the analysed members.
        rotated: whether they are turned at random.
    """

    members: int = 20
    analysis: EnsembleAnalysis = ETKF()
    localization: Localization | None = USUAL
    inflation: Inflation | None = RelaxationToPriorSpread(0.9)
    rotated: bool = False
    four_d: bool = False
    sized: bool = False

    def build(self, world: World, options: Options) -> EnsembleMethod:
        """The filter in a world."""
        return EnsembleMethod(
            ModelSpacePrior(scaled(world.error("model"), options.factor)),
            world.standardizer,
            options.members or self.members,
            self.analysis,
            self.localization and _carried(options.localization or self.localization, world.layout.grid),
            self.inflation,
            self.rotated,
            options.slots if self.four_d else (0,),
            options.without_lost,
            options.seed,
        )


def _carried(radii: Localization, grid: Grid) -> Localization:
    """With weights at every so many-th column as are a third of the radius apart, at most."""
    spacing = np.abs(np.diff(grid.latitude)).mean() if grid.shape[0] > 1 else 360.0 / grid.shape[1]
    reach = min(radii.horizontal_km, HALF_WAY_ROUND_KM) / 3.0
    return replace(radii, every=max(radii.every, int(reach / (np.deg2rad(spacing) * EARTH_RADIUS / 1e3))))


@dataclass(frozen=True)
class EnsembleVariationalSystem:
    """A static background error and members beside it.

    Attributes:
        latent: whether both are in latent space, or in model space.
        members: N, where the options say nothing else.
        share: of the members in the variances.
        filtered: whether members are updated by an LETKF; else they are the forecasts of the analyses before.
        four_d: whether members' forecasts link the slots of a window.
    """

    latent: bool
    members: int = 20
    share: float = 0.5
    filtered: bool = True
    four_d: bool = False
    sized: bool = True

    def build(self, world: World, options: Options) -> EnsembleVariational:
        """The analysis in a world; radii of the options are those of the members' covariance."""
        static = (latent if self.latent else model_space)(world, options.factor)
        slots = options.slots if self.four_d else (0,)
        window = StateAtSlots(slots) if self.four_d else Instant()
        minimiser = GaussNewton(options.iterations, options.outer_loops, options.tolerance)
        size = options.members or self.members
        members_filter = None
        if self.filtered:
            own = replace(options, localization=None, members=size)
            members_filter = FilterSystem(four_d=self.four_d).build(world, own)
        return EnsembleVariational(
            static,
            Variational(static, world.standardizer, window, minimiser),
            _taper(world, static, options.localization),
            mean_variance(static.background_error),
            jnp.float32(self.share),
            size,
            members_filter,
            options.without_lost,
            options.seed,
        )


def _taper(world: World, static: ModelSpacePrior | LatentPrior, chosen: Localization | None) -> Taper:
    if isinstance(static, ModelSpacePrior):
        return _of_states(world.layout, chosen or IN_MODEL_SPACE)
    return _of_codes(world.layout, static.autoencoder.latent_shape, chosen or IN_LATENT_SPACE)


# A cycle whose background error is sized anew builds its method every time; a taper takes a second to make.
@lru_cache(4)
def _of_states(layout: Layout, radii: Localization) -> Taper:
    return model_space_taper(layout, horizontal_km=radii.horizontal_km, vertical_lnp=radii.vertical_lnp)


@lru_cache(4)
def _of_codes(layout: Layout, latent_shape: tuple[int, int, int], radii: Localization) -> Taper:
    latents, *tokens = latent_shape
    patch = max(-(-points // count) for points, count in zip(layout.grid.shape, tokens, strict=True))
    reach = radii.horizontal_km
    return latent_taper(layout.grid, patch, latents, horizontal_km=reach, between_latents=BETWEEN_LATENTS)
