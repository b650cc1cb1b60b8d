"""A prior: the map x(v) from a white control vector to a state, around a background.

Every method of the package is one of these maps in the one cost function

    v* = argmin  1/2 |v|^2 + 1/2 sum_k | R_k^(-1/2) ( H_k(M_k(x(v))) - y_k ) |^2 .

States are standardised anomalies. ``anchor`` computes once what depends on the background alone.

A background may be a state at every slot of a window, and so then is x(v). B has slots, too, or gives an increment that
is the same at all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import equinox as eqx
import jax
from jaxtyping import Array, Float

from latentda.networks import Autoencoder
from latentda.operators import Control, Covariance

Form = Literal["increment", "published"]


class ModelSpacePrior(eqx.Module):
    """x(v) = x_b + B^(1/2) v: classical 3D-Var and 4D-Var.

    Source: Lorenc (1986), doi 10.1002/qj.49711247414; control transform: Derber & Bouttier (1999),
    doi 10.3402/tellusa.v51i2.12316.
    """

    background_error: Covariance

    def anchor(self, background: Float[Array, "*slot channel lat lon"]) -> Any:
        """The background itself."""
        return background

    def state(self, anchor: Any, control: Control) -> Float[Array, "*slot channel lat lon"]:
        """x_b + B^(1/2) v."""
        return anchor + self.background_error.root(control)

    def zero_control(self) -> Control:
        """v = 0."""
        return self.background_error.zero_control()


class LatentPrior(eqx.Module):
    """Latent 3D-Var and 4D-Var, z = E(x_b) + B_z^(1/2) v.

    ``form="published"``: x(v) = D(z), as in Fan et al. (2026), doi 10.1126/sciadv.aea4248; the analysis carries
    the reconstruction error of the background. ``form="increment"``: x(v) = x_b + D(z) - D(E(x_b)), which for
    v = 0 is the background itself.
    """

    autoencoder: Autoencoder
    background_error: Covariance
    form: Form = eqx.field(static=True, default="increment")

    def anchor(self, background: Float[Array, "*slot channel lat lon"]) -> Any:
        """E(x_b), and what is added to D(z): the background's reconstruction residual, or nothing."""
        latent = _each(self.autoencoder.encode, background)
        rest = background - _each(self.autoencoder.decode, latent)
        return latent, rest if self.form == "increment" else 0.0 * rest

    def state(self, anchor: Any, control: Control) -> Float[Array, "*slot channel lat lon"]:
        """D(E(x_b) + B_z^(1/2) v), plus x_b - D(E(x_b)) in the increment form."""
        latent, rest = anchor
        return _each(self.autoencoder.decode, latent + self.background_error.root(control)) + rest

    def zero_control(self) -> Control:
        """v = 0."""
        return self.background_error.zero_control()


def _each(function: Callable[[Array], Array], fields: Float[Array, "*slot channel row column"]) -> Array:
    """A function of one state, of each slot's."""
    return function(fields) if fields.ndim == 3 else jax.vmap(function)(fields)
