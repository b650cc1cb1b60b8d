"""Vertical correlation of observation errors, diagnosed from the departures of soundings.

Over the ascents that have a datum in both of the layers i and j, with departures over the assumed errors,

    C_ij = < (O-A)_i (O-B)_j >,    r_ij = (C_ij + C_ji) / ( 2 sqrt(C_ii C_jj) ),

and the length L of the Markov chain  exp( -|ln p_i - ln p_j| / L )  that fits r_ij for i != j, in the least squares
of the numbers of ascents. Like all diagnostics of departures it takes the background errors' structure for right: a
B too broad in the vertical leaves its share in r.

Sources: Desroziers, Berre, Chapnik & Poli (2005), doi 10.1256/qj.05.108; for correlations from it Bormann & Bauer
(2010), doi 10.1002/qj.616.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from numpy import ndarray

from latentda.observations.message_classes import SOUNDINGS
from latentda.observations.soundings import sounding_numbers
from latentda.verification.departures import Departures, departures
from latentda.verification.observation_fit import LAYERS, Layer, layer_numbers

LENGTHS = np.geomspace(0.01, 10.0, 1501)
"""Candidates of L in ln p; neighbours differ by half a percent."""

FEWEST = 20
"""Ascents that a pair of layers must share to count in the fit of L."""


@dataclass(frozen=True, eq=False)
class LayerProducts:
    """Sums over ascents, by pairs of layers.

    Attributes:
        variable: short name.
        layers: in the order of the axes.
        count: number of ascents with both layers.
        product: of (O-A)_i (O-B)_j over the assumed errors.
        distance: of |ln p_i - ln p_j|.
    """

    variable: str
    layers: tuple[Layer, ...]
    count: Float[ndarray, "layer layer"]
    product: Float[ndarray, "layer layer"]
    distance: Float[ndarray, "layer layer"]

    @property
    def correlation(self) -> Float[ndarray, "layer layer"]:
        """r_ij; NaN where no ascent has both layers, or a variance comes out negative."""
        with np.errstate(invalid="ignore", divide="ignore"):
            covariance = self.product / self.count
            sd = np.sqrt(np.diag(covariance))
            return 0.5 * (covariance + covariance.T) / np.outer(sd, sd)

    @property
    def separation(self) -> Float[ndarray, "layer layer"]:
        """Mean |ln p_i - ln p_j|."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.distance / self.count

    @property
    def length(self) -> float | None:
        """L in ln p; None where too few ascents share layers."""
        r = self.correlation
        pairs = (self.count >= FEWEST) & np.isfinite(r) & ~np.eye(len(self.layers), dtype=bool)
        if not pairs.any():
            return None
        model = np.exp(-self.separation[pairs] / LENGTHS[:, None])
        misfit = self.count[pairs] @ np.square(r[pairs] - model).T
        return float(LENGTHS[np.argmin(misfit)])


def layer_products(
    table: pa.Table, layers: Sequence[Layer] = LAYERS, classes: Sequence[str] = SOUNDINGS
) -> list[LayerProducts]:
    """The sums of one window's feedback table, a variable each; in a layer the datum nearest to its level counts.

    Raises:
        ObservationError: the table has no feedback.
    """
    data = departures(table)
    chosen = data.used & np.isfinite(data.expected) & ~np.isnan(data.pressure)
    chosen &= np.isin(data.message_class.astype(str), classes)
    sounding = sounding_numbers(table)
    parts: list[LayerProducts] = []
    for name in sorted({str(v) for v in data.variable[chosen]}):
        rows = np.flatnonzero(chosen & (data.variable == name))
        parts.append(_products(data, rows, sounding[rows], name, tuple(layers)))
    return parts


def merge_products(parts: Iterable[Sequence[LayerProducts]]) -> list[LayerProducts]:
    """The sums of several windows together."""
    together: dict[str, LayerProducts] = {}
    for products in parts:
        for b in products:
            a = together.get(b.variable)
            sums = (b.count, b.product, b.distance)
            if a is not None:
                sums = (a.count + b.count, a.product + b.product, a.distance + b.distance)
            together[b.variable] = LayerProducts(b.variable, b.layers, *sums)
    return list(together.values())


def _products(
    data: Departures, rows: ndarray, sounding: ndarray, name: str, layers: tuple[Layer, ...]
) -> LayerProducts:
    ascents, ascent = np.unique(sounding, return_inverse=True)
    before, after, height = (np.full((ascents.size, len(layers)), np.nan) for _ in range(3))
    number = layer_numbers(data.pressure[rows], layers)
    for i, layer in enumerate(layers):
        inside = rows[number == i]
        picked, of = _nearest(inside, data.pressure[inside] / 100.0, ascent[number == i], layer)
        before[of, i] = data.background[picked] / data.error[picked]
        after[of, i] = data.analysis[picked] / data.error[picked]
        height[of, i] = -np.log(data.pressure[picked])
    there = np.isfinite(before).astype(float)
    apart = np.abs(height[:, :, None] - height[:, None, :])
    product = np.nan_to_num(after).T @ np.nan_to_num(before)
    return LayerProducts(name, layers, there.T @ there, product, np.nansum(apart, axis=0))


def _nearest(rows: ndarray, hpa: ndarray, ascent: ndarray, layer: Layer) -> tuple[ndarray, ndarray]:
    """Of every ascent the row nearest to the layer's level, and the ascents."""
    order = np.lexsort((np.abs(np.log(hpa / layer.level)), ascent))
    of, first = np.unique(ascent[order], return_index=True)
    return rows[order][first], of
