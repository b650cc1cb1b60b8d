"""Covariances as a small algebra of roots: B = U U^T, and all that is needed is v -> U v.

A covariance is known by its root U, which maps a white control vector v (any pytree of arrays) to a
field. B itself, its adjoint and samples follow:

    U v        root(v)
    U^T x      adjoint(x), from JAX
    B x        apply(x) = U U^T x
    sample     U v with v ~ N(0, I)

Sums, scalings and images of covariances are covariances: B_1 + B_2 has the root (v_1, v_2) ->
U_1 v_1 + U_2 v_2; a B has sqrt(a) U; L B L^T has L U. Exact inverses exist only for square roots.
"""

from __future__ import annotations

import abc
from typing import Any, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

Control = Any
"""A white control vector: a pytree of arrays."""


class Covariance(eqx.Module):
    """A symmetric positive semi-definite operator given by a linear root."""

    @abc.abstractmethod
    def root(self, control: Control) -> Array:
        """U v."""

    @abc.abstractmethod
    def zero_control(self) -> Control:
        """A control vector of zeros: the prior's mean."""

    def adjoint(self, field: Array) -> Control:
        """U^T x."""
        (control,) = jax.linear_transpose(self.root, self.zero_control())(field)
        return control

    def apply(self, field: Array) -> Array:
        """B x = U U^T x."""
        return self.root(self.adjoint(field))

    def sample(self, key: PRNGKeyArray) -> Array:
        """A draw from N(0, B)."""
        return self.root(white_control(self, key))

    def __add__(self, other: Covariance) -> Sum:
        """B_1 + B_2."""
        return Sum((self, other))

    def __rmul__(self, factor: float) -> Scaled:
        """a B for a factor a >= 0 on variances."""
        return Scaled(self, jnp.asarray(factor))


class Diagonal(Covariance):
    """B = diag(s^2): U v = s * v, element by element."""

    sd: Float[Array, "..."]

    def root(self, control: Control) -> Array:
        """s * v, element by element."""
        return self.sd * control

    def zero_control(self) -> Control:
        """Zeros of the field's shape."""
        return jnp.zeros_like(self.sd)

    def inverse(self, field: Array) -> Array:
        """B^-1 x = x / s^2."""
        return field / self.sd**2


class Dense(Covariance):
    """B = U U^T for an explicit matrix U ``(field, control)``; fields of any ``shape``."""

    matrix: Float[Array, "field control"]
    shape: tuple[int, ...] = eqx.field(static=True)

    def root(self, control: Control) -> Array:
        """U v as a matrix product."""
        return (self.matrix @ control).reshape(self.shape)

    def zero_control(self) -> Control:
        """Zeros of the number of columns."""
        return jnp.zeros(self.matrix.shape[1], self.matrix.dtype)

    def inverse(self, field: Array) -> Array:
        """B^-1 x = U^-T U^-1 x.

        Raises:
            ValueError: a root that is not square, so that there is no inverse.
        """
        rows, columns = self.matrix.shape
        if rows != columns:
            raise ValueError(f"A root of {rows} x {columns} numbers is not square: no inverse exists.")
        factors = jax.scipy.linalg.lu_factor(self.matrix)
        white = jax.scipy.linalg.lu_solve(factors, field.reshape(-1))
        return jax.scipy.linalg.lu_solve(factors, white, trans=1).reshape(self.shape)


class Ensemble(Covariance):
    """B = X X^T / (N - 1) of perturbations X ``(member, ...)`` about their mean; of one member B = 0."""

    perturbations: Float[Array, "member ..."]

    def root(self, control: Control) -> Array:
        """X v / sqrt(N - 1)."""
        degrees = max(self.perturbations.shape[0] - 1, 1)
        return jnp.tensordot(control, self.perturbations, axes=1) / degrees**0.5

    def zero_control(self) -> Control:
        """A zero a member."""
        return jnp.zeros(self.perturbations.shape[0], self.perturbations.dtype)


class Sum(Covariance):
    """B = sum_i B_i; the control vector is the tuple of theirs."""

    parts: tuple[Covariance, ...]

    def root(self, control: Control) -> Array:
        """sum_i U_i v_i."""
        fields = [part.root(piece) for part, piece in zip(self.parts, control, strict=True)]
        return jax.tree.reduce(jnp.add, fields)

    def zero_control(self) -> Control:
        """Each part's zeros."""
        return tuple(part.zero_control() for part in self.parts)


class Scaled(Covariance):
    """a B."""

    base: Covariance
    factor: Float[Array, ""]

    def root(self, control: Control) -> Array:
        """sqrt(a) U v."""
        return jnp.sqrt(self.factor) * self.base.root(control)

    def zero_control(self) -> Control:
        """The base's zeros."""
        return self.base.zero_control()


class Controlled(Protocol):
    """What is driven by a white control vector: a covariance, a prior."""

    def zero_control(self) -> Control:
        """v = 0."""


def white_control(controlled: Controlled, key: PRNGKeyArray) -> Control:
    """v ~ N(0, I) of a covariance's or a prior's control shape."""
    leaves, tree = jax.tree.flatten(controlled.zero_control())
    keys = jax.random.split(key, len(leaves))
    drawn = [jax.random.normal(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)]
    return jax.tree.unflatten(tree, drawn)
