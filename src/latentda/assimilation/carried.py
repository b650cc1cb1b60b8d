"""What methods of one state carry: that state around the next analysis time, and what was learnt of a Hessian."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.assimilation.first_guess import FirstGuess
from latentda.assimilation.variational.preconditioner import Preconditioner
from latentda.forecast import ForecastModel


class CarriedState(eqx.Module):
    """A pytree of arrays.

    Attributes:
        states: physical units, at the offsets.
        learnt: of the Hessian, no pair where nothing is handed on.
        offsets: times relative to the window's start (h).
    """

    states: Float[Array, "slot channel lat lon"]
    learnt: Preconditioner
    offsets: tuple[int, ...] = eqx.field(static=True, default=(0,))

    @classmethod
    def of(cls, state: Float[ArrayLike, "channel lat lon"], learnt: Preconditioner | None = None) -> CarriedState:
        """A state at one time."""
        return cls(jnp.asarray(state)[None], Preconditioner.identity(0, 0, jnp.float32) if learnt is None else learnt)

    @property
    def first_guess(self) -> FirstGuess:
        """The background at its offsets."""
        return FirstGuess(np.asarray(self.states), self.offsets)

    def forecast(self, model: ForecastModel, hours: int, lead_hours: int, offsets: tuple[int, ...]) -> CarriedState:
        """The state forecast to the offsets around a later time; at its own time alone it stays as it is."""
        if lead_hours == 0 and offsets == (0,):
            return self
        leads = tuple(lead_hours + offset for offset in offsets)
        return CarriedState(model.propagate(self.states[-1], np.int32(hours), leads), self.learnt, offsets)


class CarriesState(eqx.Module):
    """The part of :class:`~latentda.assimilation.method.AnalysisMethod` that methods of one state have in common."""

    @property
    def localizes(self) -> bool:
        """They do not."""
        return False

    def init(self, background: Float[ArrayLike, "channel lat lon"]) -> CarriedState:
        """The background, physical units."""
        return CarriedState.of(background)

    def first_guess(self, carried: CarriedState) -> FirstGuess:
        """The background at its offsets."""
        return carried.first_guess

    def forecast(
        self, carried: CarriedState, model: ForecastModel, hours: int, lead_hours: int, offsets: tuple[int, ...]
    ) -> CarriedState:
        """The state at the offsets around a later time."""
        return carried.forecast(model, hours, lead_hours, offsets)
