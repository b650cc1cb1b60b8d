"""What ensemble methods carry: members around the next analysis time.

The members are known at the slots of the window, their mean at the offsets at which observations are met. A forecast of
a member that has blown up is no member any more.
"""

from __future__ import annotations

from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from latentda.assimilation.analysis import AnalysisError
from latentda.assimilation.first_guess import FirstGuess
from latentda.forecast import ForecastModel, forecast_members, name_of
from latentda.grid import datetime_of_hours, iso


class CarriedMembers(eqx.Module):
    """A pytree of arrays.

    Attributes:
        members: physical units, at the slots of the window.
        background: the members' mean, or the first of them, at the offsets.
        factor: of an adaptive inflation.
        offsets: times relative to the window's start (h).
        led: whether the first member is the background, not the mean: the others are older forecasts.
    """

    members: Float[Array, "slot member channel lat lon"]
    background: Float[Array, "offset channel lat lon"]
    factor: Float[Array, ""]
    offsets: tuple[int, ...] = eqx.field(static=True, default=(0,))
    led: bool = eqx.field(static=True, default=False)

    @classmethod
    def of(
        cls, members: Float[ArrayLike, "member channel lat lon"], factor: ArrayLike = 1.0, *, led: bool = False
    ) -> CarriedMembers:
        """Members of one time."""
        there = jnp.asarray(members)
        return cls(there[None], _centre(there, led)[None], jnp.asarray(factor, jnp.float32), led=led)

    @property
    def first_guess(self) -> FirstGuess:
        """The background at its offsets."""
        return FirstGuess(np.asarray(self.background), self.offsets)

    @property
    def centre(self) -> Float[Array, "slot channel lat lon"]:
        """The background at the slots of the window."""
        return jax.vmap(lambda members: _centre(members, self.led))(self.members)

    def forecast(
        self,
        model: ForecastModel,
        hours: int,
        lead_hours: int,
        offsets: tuple[int, ...],
        slots: tuple[int, ...] = (0,),
        *,
        without_lost: bool = False,
    ) -> CarriedMembers:
        """The members forecast to the slots of a later window, the background to the offsets around its start.

        Args:
            model: that forecasts.
            hours: valid time of the members, since 1970.
            lead_hours: from there to the start of the window.
            offsets: of the background.
            slots: of the members.
            without_lost: whether the others go on where a member has blown up.

        Raises:
            AnalysisError: a member has blown up; or the background, or all others but one, are lost.
        """
        wanted = sorted({lead_hours + time for time in (*offsets, *slots)})
        if wanted == [0]:
            return self
        made = forecast_members(model, self.members[-1], hours, tuple(wanted))
        made = _sound(made, name_of(model), hours + lead_hours, without_lost, self.led)
        background = _centre(made, self.led)
        at = {lead: k for k, lead in enumerate(wanted)}
        return CarriedMembers(
            jnp.stack([made[:, at[lead_hours + slot]] for slot in slots]),
            jnp.stack([background[at[lead_hours + offset]] for offset in offsets]),
            self.factor,
            offsets,
            self.led,
        )


class CarriesMembers(eqx.Module):
    """The part of :class:`~latentda.assimilation.method.AnalysisMethod` that methods of members have in common."""

    @property
    @abstractmethod
    def lead_hours(self) -> tuple[int, ...]:
        """Slots of the window (h)."""

    @property
    @abstractmethod
    def without_lost(self) -> bool:
        """Whether the others go on where a member's forecast has blown up."""

    @property
    def observes(self) -> bool:
        """They do."""
        return True

    def first_guess(self, carried: CarriedMembers) -> FirstGuess:
        """The members' mean, or the newest of lagged forecasts."""
        return carried.first_guess

    def forecast(
        self, carried: CarriedMembers, model: ForecastModel, hours: int, lead_hours: int, offsets: tuple[int, ...]
    ) -> CarriedMembers:
        """The members at the slots of a later window, and the background at the offsets."""
        return carried.forecast(model, hours, lead_hours, offsets, self.lead_hours, without_lost=self.without_lost)


def _centre(members: Float[Array, "member ..."], led: bool) -> Float[Array, "..."]:
    return members[0] if led else members.mean(axis=0)


def _sound(
    made: Array, name: str, hours: int, without_lost: bool, led: bool
) -> Float[Array, "member lead channel lat lon"]:
    """The members that are finite."""
    finite = np.asarray(jnp.isfinite(made).all(axis=(1, 2, 3, 4)))
    if finite.all():
        return made
    lost, when = ", ".join(str(k + 1) for k in np.flatnonzero(~finite)), iso(datetime_of_hours(hours))
    begin = f"Of {finite.size} members the forecasts of {lost} by {name} have blown up before {when}"
    if not without_lost:
        raise AnalysisError(
            f"{begin}: inflate less, observe more, or let the others go on without them (--without-lost)."
        )
    if finite.sum() < 2:
        raise AnalysisError(f"{begin}, and fewer than two are left: inflate less or observe more.")
    if led and not finite[0]:
        raise AnalysisError(f"{begin}, and the first is the background: repair the analysis before it.")
    return made[np.flatnonzero(finite)]
