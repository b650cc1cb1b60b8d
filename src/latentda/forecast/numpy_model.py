"""A model written in NumPy, or in anything that takes and gives NumPy's arrays.

Without a derivative it forecasts; with its tangent linear and adjoint it serves in windows in time too.
"""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
from jaxtyping import Float
from numpy import ndarray

from latentda.forecast.host import HostModel
from latentda.user_error import UserError


class NumpyModel(HostModel):
    """A NumPy step as a :class:`~latentda.forecast.model.ForecastModel`.

    Attributes:
        function: f(x), ``function(field, hours)``, of a field ``(channel, lat, lon)`` and its valid time in hours since
            1970. The field is the function's own: it may be changed.
        tangent: f'(x) d, ``tangent(field, hours, direction)``.
        adjoint: f'(x)^T w, ``adjoint(field, hours, weight)``.

    Raises:
        UserError: one of tangent and adjoint without the other.
    """

    function: Callable[[ndarray, int], ndarray] = eqx.field(static=True)
    tangent: Callable[[ndarray, int, ndarray], ndarray] | None = eqx.field(static=True, default=None)
    adjoint: Callable[[ndarray, int, ndarray], ndarray] | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if (self.tangent is None) != (self.adjoint is None):
            raise UserError("A NumpyModel has both a tangent and an adjoint, or neither.")

    @property
    def differentiable(self) -> bool:
        """Whether tangent and adjoint were given."""
        return self.tangent is not None

    def run(self, field: Float[ndarray, "channel lat lon"], hours: int) -> Float[ndarray, "channel lat lon"]:
        """The function's value."""
        return self.function(field, hours)

    def run_tangent(self, field: ndarray, hours: int, direction: ndarray) -> ndarray:
        """The tangent's value."""
        assert self.tangent is not None
        return self.tangent(field, hours, direction)

    def run_adjoint(self, field: ndarray, hours: int, weight: ndarray) -> ndarray:
        """The adjoint's value."""
        assert self.adjoint is not None
        return self.adjoint(field, hours, weight)
