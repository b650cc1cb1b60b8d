"""Models that JAX cannot see into: they run on the host, and within compiled code through callbacks.

    M(x) = f(x),        M'(x) d,        M'(x)^T w

Where a forecast alone is wanted the step is called as it is. Within compiled code, as in a four-dimensional window, it
is a callback, and so are its tangent linear and its adjoint where it has them. Both are told to JAX as one linear map
and its transpose, so that forward mode (Gauss-Newton) and reverse mode (L-BFGS, sensitivities) both find them. Such
derivatives go one after the other: they have no ``vmap``.
"""

from __future__ import annotations

import logging
import re
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.custom_derivatives import linear_call
from jaxtyping import Array, Float, Int
from numpy import ndarray

from latentda.forecast.checked import as_field, reason
from latentda.forecast.model import require_derivative
from latentda.forecast.stepping import SteppingModel
from latentda.grid import Hours
from latentda.user_error import UserError, debugging


class HostModel(SteppingModel):
    """A step in NumPy's arrays; a model that is ``differentiable`` has its tangent linear and adjoint too."""

    compiled: ClassVar[bool] = False

    @property
    @abstractmethod
    def differentiable(self) -> bool:
        """Whether there are :meth:`run_tangent` and :meth:`run_adjoint`."""

    @abstractmethod
    def run(self, field: Float[ndarray, "channel lat lon"], hours: int) -> Float[ndarray, "channel lat lon"]:
        """f(x)."""

    def run_tangent(self, field: ndarray, hours: int, direction: ndarray) -> ndarray:
        """f'(x) d."""
        raise NotImplementedError

    def run_adjoint(self, field: ndarray, hours: int, weight: ndarray) -> ndarray:
        """f'(x)^T w."""
        raise NotImplementedError

    def step(self, field: Float[Array, "channel lat lon"], hours: Hours) -> Float[Array, "channel lat lon"]:
        """The step as JAX's compiled code calls it."""
        return _callback_step(self)(field, jnp.asarray(hours, jnp.int32))

    def repeat(
        self, fields: Float[Array, "member channel lat lon"], hours: Int[Array, ""], steps: tuple[int, ...]
    ) -> Float[Array, "member lead channel lat lon"]:
        """One step after the other, on the host where nothing is traced."""
        if isinstance(fields, Tracer) or isinstance(hours, Tracer):
            return super().repeat(fields, hours, steps)
        return jnp.asarray(np.stack([self._march(field, int(hours), steps) for field in np.asarray(fields)]))

    def _march(self, field: ndarray, hours: int, steps: tuple[int, ...]) -> ndarray:
        made = [field]
        for k in range(steps[-1]):
            made.append(_called(self.run, made[-1], hours + k * self.step_hours))
        return np.stack([made[k] for k in steps])


def _callback_step(model: HostModel) -> Callable[[Array, Array], Array]:
    """The step as a function that JAX can run and differentiate."""

    def on_host(function: Callable[..., ndarray], field: Array, hours: Array, *direction: Array) -> Array:
        # As bytes: callbacks run in threads where double precision that a context has switched on is single.
        given = [jax.lax.bitcast_convert_type(one, jnp.uint8) for one in (field, *direction)]
        call = partial(_called_on_bytes, function, field.dtype)
        made = jax.pure_callback(call, given[0], hours, *given, vmap_method="sequential")
        return jax.lax.bitcast_convert_type(made, field.dtype)

    @jax.custom_jvp
    def step(field: Array, hours: Array) -> Array:
        return on_host(model.run, field, hours)

    @step.defjvp
    def _derivative(primals: tuple[Array, Array], tangents: tuple[Array, Any]) -> tuple[Array, Array]:
        require_derivative(model)
        change = linear_call(
            lambda at, direction: on_host(model.run_tangent, *at, direction),
            lambda at, weight: on_host(model.run_adjoint, *at, weight),
            primals,
            tangents[0],
        )
        return step(*primals), change

    return step


def _called_on_bytes(function: Callable[..., ndarray], dtype: Any, hours: Array, *given: Array) -> ndarray:
    fields = [np.array(one).view(dtype)[..., 0] for one in given]
    return np.ascontiguousarray(_called(function, fields[0], int(hours), *fields[1:]))[..., None].view(np.uint8)


def _called(function: Callable[..., ndarray], field: ndarray, hours: int, *direction: ndarray) -> ndarray:
    """What a function makes of a copy of the field.

    Raises:
        UserError: it raises, or gives no field.
    """
    try:
        found = function(np.array(field), hours, *direction)
    except Exception as error:
        raise UserError(reason(error)) from error
    return np.asarray(as_field(np.asarray(found), field, "A step of it"))


@contextmanager
def host_failures_told() -> Iterator[None]:
    """Say what a model on the host has raised within compiled code, which JAX reports as an error of its own.

    Raises:
        UserError: the model's sentence.
    """
    log = logging.getLogger("jax._src.callback")  # which shows a traceback of its own beside the sentence
    silent, log.disabled = log.disabled, not debugging()
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        told = re.search(rf"\b{UserError.__name__}: (.*)", str(error))
        if told is None:
            raise
        raise UserError(f"The model failed. {told[1]}") from error
    finally:
        log.disabled = silent
