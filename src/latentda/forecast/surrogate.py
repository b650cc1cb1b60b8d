"""A learned surrogate as a forecast model: a network's step of anomalies, wrapped in the climatology of each time.

    x(t + k step) = c(t + k step) + s F^k( (x(t) - c(t)) / s )

F maps the standardised anomaly of one time to that of the next, with or without a code between
(:mod:`~latentda.forecast.rollout`); c is the climatology and s the scale. Seasons are in c
at both ends, so that F need not know the date, and where F does nothing the forecast is persistence of anomalies.
"""

from __future__ import annotations

from typing import ClassVar

from jaxtyping import Array, Float, Int

from latentda.fields import Standardizer
from latentda.forecast.rollout import Code, Step, roll_out
from latentda.forecast.stepping import SteppingModel
from latentda.grid import Hours


class SurrogateModel(SteppingModel):
    """The surrogate as a :class:`~latentda.forecast.model.ForecastModel`; its weights are leaves.

    Attributes:
        network: f, whose step is the model's.
        standardizer: c, s and the layout; the one that F was trained with.
        code: on whose latent fields F acts; without it F acts on states.
    """

    network: Step
    standardizer: Standardizer
    code: Code | None = None

    differentiable: ClassVar[bool] = True

    def __init__(self, network: Step, standardizer: Standardizer, code: Code | None = None):
        self.network, self.standardizer, self.code = network, standardizer, code
        self.layout, self.step_hours = standardizer.layout, network.step_hours

    def step(self, field: Float[Array, "channel lat lon"], hours: Hours) -> Float[Array, "channel lat lon"]:
        """F(a)."""
        return roll_out(self.network, field[None], (1,), self.code)[0, 0]

    def repeat(
        self, fields: Float[Array, "member channel lat lon"], hours: Int[Array, ""], steps: tuple[int, ...]
    ) -> Float[Array, "member lead channel lat lon"]:
        """F^k(a), encoded and decoded as rarely as can be."""
        return roll_out(self.network, fields, steps, self.code)
