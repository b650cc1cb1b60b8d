"""Quadrature along the meridian: nodes and weights for the rows of a global grid.

    sum_j w_j f(x_j) = integral of f(x) from -1 to 1,    x = sin(phi),

exact for polynomials up to a degree that depends on where the n rows stand:

| rows | rule | exact degree |
| --- | --- | --- |
| the roots of a Legendre polynomial | Gauss-Legendre | 2 n - 1 |
| even, the outer ones on the poles | Clenshaw-Curtis | n - 1 |
| even, the outer ones half a step from the poles | Fejér's first rule | n - 1 |

The last two integrate the cosine series in the colatitude theta that goes through the values, term by term:
w_j = (c_j / s) (1 - sum_k b_k cos(2 k theta_j) / (4 k^2 - 1)) for s steps from pole to pole, c_j = 2, but 1 on a pole,
b_k = 2, but 1 where 2 k = s. Sources: Clenshaw & Curtis (1960), doi 10.1007/BF01386223; Waldvogel (2006),
doi 10.1007/s10543-006-0045-4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.grid.horizontal import Grid
from latentda.user_error import UserError

CLOSE = 0.01
"""Rows within so many degrees of a rule's nodes are those nodes: stored latitudes are rounded."""


@dataclass(frozen=True)
class Quadrature:
    """Nodes and weights, in the order of the grid's rows.

    Attributes:
        sine: x, the sine of the latitude.
        cosine: of the latitude; 0 on the poles.
        weights: w, with the sum 2.
        degree: of the polynomials that are integrated exactly.
    """

    sine: Float[ndarray, " lat"]
    cosine: Float[ndarray, " lat"]
    weights: Float[ndarray, " lat"]
    degree: int


def meridian_quadrature(grid: Grid) -> Quadrature:
    """The rule whose nodes are the rows of a global grid.

    Raises:
        UserError: a grid that does not go round the globe, or whose rows are those of no rule.
    """
    rows = grid.shape[0]
    if not grid.periodic or grid.kind not in ("gaussian", "lat-lon"):
        raise UserError(f"Spherical harmonics need a global grid; this one is {grid.kind}.")
    if grid.kind == "gaussian":
        sine, weights = np.polynomial.legendre.leggauss(rows)
        found = Quadrature(sine, np.sqrt((1.0 - sine) * (1.0 + sine)), weights, 2 * rows - 1)
    elif _stand_at(grid, np.linspace(-90.0, 90.0, rows)):
        found = _even_rows(np.linspace(0.0, np.pi, rows), rows - 1)
    elif _stand_at(grid, -90.0 + (np.arange(rows) + 0.5) * 180.0 / rows):
        found = _even_rows(np.pi * (np.arange(rows) + 0.5) / rows, rows)
    else:
        raise UserError(
            "Spherical harmonics need Gaussian latitudes, or even ones on the poles or half a step from them."
        )
    if not grid.north_first:
        return found
    return Quadrature(found.sine[::-1], found.cosine[::-1], found.weights[::-1], found.degree)


def _stand_at(grid: Grid, latitude: Float[ndarray, " lat"]) -> bool:
    return len(latitude) > 1 and np.allclose(np.sort(grid.latitude), latitude, rtol=0.0, atol=CLOSE)


def _even_rows(angle: Float[ndarray, " lat"], steps: int) -> Quadrature:
    """Clenshaw-Curtis or Fejér, from the angles of the rows to the South Pole."""
    k = np.arange(1, steps // 2 + 1)
    b = np.where(2 * k == steps, 1.0, 2.0)
    series = 1.0 - np.cos(2.0 * np.outer(angle, k)) @ (b / (4.0 * k**2 - 1.0))
    cosine = np.sin(np.minimum(angle, np.pi - angle))
    weights = np.where(cosine == 0.0, 1.0, 2.0) / steps * series
    return Quadrature(-np.cos(angle), cosine, weights, len(angle) - 1)
