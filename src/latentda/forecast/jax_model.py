"""A model written in JAX: a pure function that makes of a state the state of a step later.

Tangent linear and adjoint are JAX's own. The function may be an ``eqx.Module``, or any callable pytree: its weights are
leaves then, and other weights compile nothing anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from jaxtyping import Array, Float

from latentda.forecast.checked import as_field
from latentda.forecast.stepping import SteppingModel
from latentda.grid import Hours


class JaxModel(SteppingModel):
    """A JAX step as a :class:`~latentda.forecast.model.ForecastModel`.

    Attributes:
        function: ``function(field, hours)``, of a field ``(channel, lat, lon)`` and its valid time in hours since 1970,
            which may be traced.
    """

    function: Callable[[Array, Any], Array]

    differentiable: ClassVar[bool] = True

    def step(self, field: Float[Array, "channel lat lon"], hours: Hours) -> Float[Array, "channel lat lon"]:
        """The function's value."""
        return as_field(self.function(field, hours), field, "A step of it")
