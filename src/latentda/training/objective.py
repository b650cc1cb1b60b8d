"""The objective of an autoencoder: states that come back, and differences of states that come back.

    L = r mean w (D(E(a)) - a)^2  +  d mean w (D(E(a2)) - D(E(a1)) - (a2 - a1))^2 / s^2

over pairs of standardised anomalies a1, a2 a lag apart. w is the relative area and s^2(channel, latitude) the
zonal-mean variance of a2 - a1, so both means are shares of variance that the code does not explain. An analysis in
increment form never adds D(E(a)) - a to the background: what it needs is that D maps differences of codes to
differences of states whose size is that of forecast errors. Two states half a day apart differ by about that much; two
forecasts valid at one time differ by just that.
"""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from latentda.networks import Autoencoder


@dataclass(frozen=True)
class ObjectiveSettings:
    """What the code is trained for.

    Attributes:
        reconstruction: weight r of the states' term.
        difference: weight d of the differences' term; 0 trains on single states.
        lag_hours: between the two states of a pair.

    Raises:
        ValueError: a negative weight, both zero, or a lag that is not positive.
    """

    reconstruction: float = 0.5
    difference: float = 0.5
    lag_hours: int = 12

    def __post_init__(self) -> None:
        if min(self.reconstruction, self.difference) < 0 or self.reconstruction + self.difference == 0:
            raise ValueError("The objective's weights must not be negative, and one of them must be positive.")
        if self.lag_hours < 1:
            raise ValueError(f"The objective's lag_hours is {self.lag_hours}; it must be positive.")

    @property
    def states_a_sample(self) -> int:
        """2 for pairs, 1 without the differences' term."""
        return 2 if self.difference else 1


Samples = Float[Array, "sample time channel lat lon"]
"""Each one state or a pair."""


class Objective(eqx.Module):
    """``objective(code, batch)`` -> L.

    Attributes:
        weights: w, relative area of each row's cells, mean 1.
        precision: 1 / s^2; unused without the differences' term.
        settings: r, d and the lag.
    """

    weights: Float[Array, " lat"]
    precision: Float[Array, "channel lat"]
    settings: ObjectiveSettings = eqx.field(static=True)

    def __call__(self, code: Autoencoder, batch: Samples | tuple[Samples, Samples]) -> Float[Array, ""]:
        """The loss of a batch of samples, or of (single states for the first term, pairs for the second)."""
        states, pairs = batch if isinstance(batch, tuple) else (batch, batch)
        area = self.weights[:, None]
        error = jax.vmap(jax.vmap(lambda a: code.decode(code.encode(a)) - a))
        of_states = error(states)
        loss = self.settings.reconstruction * jnp.mean(of_states**2 * area)
        if self.settings.difference:
            # Where both terms see the same samples, one pass, forward and backward, serves both.
            of_pairs = of_states if pairs is states else error(pairs)
            between = jnp.diff(of_pairs, axis=1)[:, 0] ** 2 * self.precision[..., None]
            loss += self.settings.difference * jnp.mean(between * area)
        return loss
