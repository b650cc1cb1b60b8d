"""The covariance of an ensemble with localised correlations, and the priors that are made of it.

    B = P * rho,    P = sum_k X'_k X'_k^T / (N - 1),    rho = L L^T

    U v = (N - 1)^(-1/2) sum_k X'_k * ( L v_k )

N members have the perturbations X'_k about their mean; * is the Schur product, which keeps the members' variances since
rho is 1 at no distance. Every member has smooth weights L v_k of its own, so the increment is a combination of members
that changes from place to place: the control variable of ensemble-variational methods. rho = rho_h rho_v ends in the
horizontal and in ln p, the same for all variables of a level.

The perturbations are those of any space. In latent space they are E(x_k) less their mean, at the places of the tokens,
and rho_v is one factor between different latents. Members through a window, ``(member, slot, channel, lat, lon)``, have
one control for all slots,

    x_t(v) = x_b(t) + (N - 1)^(-1/2) sum_k X'_k(t) * ( L v_k ) ,

and the members' forecasts stand for the tangent of the model: 4DEnVar, with
:class:`~latentda.assimilation.StateAtSlots` for a window. Beside a static covariance,

    B = w_s B_s + w_e P * rho ,

whose increment has no slots and so is the same at all of them.

Sources: Lorenc (2003), doi 10.1256/qj.02.132; Buehner (2005), doi 10.1256/qj.04.15; in four dimensions Liu, Xiao & Wang
(2008), doi 10.1175/2008MWR2312.1, and Buehner et al. (2013), doi 10.5194/npg-20-669-2013; weights: Hamill & Snyder
(2000), doi 10.1175/1520-0493(2000)128<2905:AHEKFV>2.0.CO;2.
"""

from __future__ import annotations

from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.grid import Grid, Layout
from latentda.networks import Autoencoder
from latentda.operators import Control, Covariance, Scaled, Sum
from latentda.priors.localized import token_places
from latentda.priors.prior import LatentPrior, ModelSpacePrior
from latentda.priors.taper import horizontal_taper, vertical_taper
from latentda.user_error import UserError

AT_ONCE = 8
"""States that are encoded at once."""

P = TypeVar("P", bound=ModelSpacePrior | LatentPrior)


class Taper(Covariance):
    """rho = rho_h rho_v: L v = L_h v L_v^T.

    Attributes:
        horizontal: rho_h, of fields ``(row, column)``.
        vertical: L_v.
    """

    horizontal: Covariance
    vertical: Float[Array, "channel mode"]

    def root(self, control: Control) -> Float[Array, "channel row column"]:
        """L v."""
        return jnp.tensordot(self.vertical, jax.vmap(self.horizontal.root)(control), axes=1)

    def zero_control(self) -> Control:
        """Those of rho_h, the vertical modes along a first axis."""
        return _zeros(self.vertical.shape[1], self.horizontal.zero_control())


class LocalizedEnsemble(Covariance):
    """B above. One member, or members without spread: B = 0.

    Attributes:
        perturbations: X'_k; other ones of the same shape compile nothing anew.
        taper: rho.

    Raises:
        UserError: a taper of other fields.
    """

    perturbations: Float[Array, "member *slot channel row column"]
    taper: Covariance

    def __check_init__(self) -> None:
        own = self.perturbations.shape[-3:]
        tapered = jax.eval_shape(self.taper.root, self.taper.zero_control()).shape
        if own != tapered:
            raise UserError(f"The taper is of fields {tapered}, the members are of {own}; make one for their layout.")

    def root(self, control: Control) -> Float[Array, "*slot channel row column"]:
        """U v."""

        def add(total: Array, member: tuple[Control, Array]) -> tuple[Array, None]:
            weights, perturbation = member
            return total + _product(self.taper.root(weights), perturbation), None

        # Member after member: their weights are then never all in memory, and each is read in order.
        total, _ = jax.lax.scan(add, jnp.zeros_like(self.perturbations[0]), (control, self.perturbations))
        return total / max(len(self.perturbations) - 1, 1) ** 0.5

    def zero_control(self) -> Control:
        """Those of rho, the members along a first axis."""
        return _zeros(len(self.perturbations), self.taper.zero_control())


def _product(weights: Array, perturbation: Float[Array, "*slot channel row column"]) -> Array:
    """L v_k * X'_k, slot after slot: in the transpose that adds slots up without strides, ten times as fast."""
    if perturbation.ndim == 3:
        return weights * perturbation
    return jax.lax.map(lambda slot: weights * slot, perturbation)


def _zeros(count: int, control: Control) -> Control:
    return jax.tree.map(lambda leaf: jnp.zeros((count, *leaf.shape), leaf.dtype), control)


def model_space_taper(layout: Layout, *, horizontal_km: float, vertical_lnp: float = float("inf")) -> Taper:
    """rho of the states of a layout; made once, for all members and cycles.

    Args:
        layout: of the states.
        horizontal_km: where rho_h reaches zero; infinite: it is 1 everywhere.
        vertical_lnp: where rho_v reaches zero, a difference of ln p.

    Raises:
        UserError: a radius that is not positive.
    """
    grid = layout.grid
    horizontal = horizontal_taper(np.asarray(grid.latitude), np.asarray(grid.longitude), horizontal_km)
    return Taper(horizontal, vertical_taper(layout, vertical_lnp))


def latent_taper(grid: Grid, patch: int, latents: int, *, horizontal_km: float, between_latents: float = 1.0) -> Taper:
    """rho of codes: rho_h between tokens, and instead of rho_v one factor between all different latents.

    A token is a column, and its latents have no distance between them.

    Args:
        grid: of the states.
        patch: side of a token's patch in grid points.
        latents: of a token.
        horizontal_km: where rho_h reaches zero; infinite: it is 1 everywhere.
        between_latents: rho between two latents of a token, from 0 to 1; the control is shortest with 1.

    Raises:
        UserError: a radius that is not positive, or a factor beyond 0 and 1.
    """
    if not 0.0 <= between_latents <= 1.0:
        raise UserError(f"The taper between latents is a factor from 0 to 1; got {between_latents}.")
    common = jnp.full((latents, 1), between_latents**0.5)
    own = (1.0 - between_latents) ** 0.5 * jnp.eye(latents)
    vertical = common if between_latents == 1.0 else jnp.concatenate([common, own], axis=1)
    return Taper(horizontal_taper(*token_places(grid, patch), horizontal_km), vertical)


@eqx.filter_jit
def ensemble_perturbations(
    members: Float[Array, "member *slot channel lat lon"], autoencoder: Autoencoder | None = None
) -> Float[Array, "member *slot latent row column"]:
    """X'_k of members in standardised anomalies: of themselves, or of their codes."""
    if autoencoder is not None:
        *leading, _, _, _ = members.shape
        flat = members.reshape(-1, *members.shape[-3:])
        codes = jax.lax.map(autoencoder.encode, flat, batch_size=AT_ONCE)
        members = codes.reshape(*leading, *codes.shape[1:])
    return members - members.mean(axis=0)


def ensemble_prior(
    perturbations: Float[Array, "member *slot channel row column"], taper: Taper, autoencoder: Autoencoder | None = None
) -> ModelSpacePrior | LatentPrior:
    """The prior of a localised ensemble alone.

    Args:
        perturbations: X'_k, of :func:`ensemble_perturbations` with the same autoencoder.
        taper: rho in that space.
        autoencoder: of latent space; without it the prior is one in model space.
    """
    covariance = LocalizedEnsemble(perturbations, taper)
    return ModelSpacePrior(covariance) if autoencoder is None else LatentPrior(autoencoder, covariance)


def hybrid_prior(static: P, ensemble: Covariance, *, static_weight: ArrayLike, ensemble_weight: ArrayLike) -> P:
    """A static prior with B = w_s B_s + w_e B_e for B_s, in its own space: one decoder for both.

    Parts in two spaces are a :class:`~latentda.priors.HybridPrior`.

    Args:
        static: the prior with B_s.
        ensemble: B_e.
        static_weight: w_s, a factor on variances.
        ensemble_weight: w_e, likewise.
    """
    parts = (static.background_error, static_weight), (ensemble, ensemble_weight)
    mixed = Sum(tuple(Scaled(covariance, jnp.asarray(weight)) for covariance, weight in parts))
    return eqx.tree_at(lambda prior: prior.background_error, static, mixed)
