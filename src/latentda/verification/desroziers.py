"""Errors diagnosed from departures: what the data say of the errors that an analysis assumed.

If observation and background errors are unbiased and uncorrelated with each other, and the analysis is the optimal
one of the assumed errors, then over many data

    sigma_o^2                = < (O-A)(O-B) >
    sigma_b^2                = < (A-B)(O-B) >
    sigma_o^2 + sigma_b^2    = < (O-B)^2 >
    1                        = < (O-B)^2 / ( sigma_o^2 + sigma_b^2 ) >        (chi^2 over the number of data)

The first two add up to the third always; how they part is right only as far as the assumed errors' structures are.
A bias counts as error, so it is kept beside them. All are means of sums, so that data of many cycles merge exactly.

Source: Desroziers, Berre, Chapnik & Poli (2005), doi 10.1256/qj.05.108.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy import ndarray

from latentda.grid import VARIABLES, variable
from latentda.verification.departures import Departures
from latentda.verification.observation_fit import LAYERS, Layer, layer_numbers

_SURFACE = -2


@dataclass(frozen=True)
class DesroziersRow:
    """Diagnosed and assumed errors of one kind of data; all sums are over data, SI units.

    Attributes:
        variable: short name.
        message_class: of the reports.
        layer: a pressure layer; None for surface data and those without a pressure.
        count: number of data.
        sum_background: of O-B.
        sum_analysis: of O-A.
        sum_background_square: of (O-B)^2.
        sum_analysis_background: of (O-A)(O-B).
        sum_error_square: of the assumed sigma_o^2.
        sum_background_error_square: of the assumed sigma_b^2.
        sum_chi_square: of (O-B)^2 / (sigma_o^2 + sigma_b^2).
    """

    variable: str
    message_class: str
    layer: Layer | None
    count: int
    sum_background: float
    sum_analysis: float
    sum_background_square: float
    sum_analysis_background: float
    sum_error_square: float
    sum_background_error_square: float
    sum_chi_square: float

    @property
    def background_bias(self) -> float:
        """Mean O-B."""
        return self.sum_background / self.count

    @property
    def analysis_bias(self) -> float:
        """Mean O-A."""
        return self.sum_analysis / self.count

    @property
    def observation_error(self) -> float:
        """sigma_o as diagnosed; NaN where its square comes out negative."""
        return _root(self.sum_analysis_background / self.count)

    @property
    def background_error(self) -> float:
        """sigma_b as diagnosed; NaN where its square comes out negative."""
        return _root((self.sum_background_square - self.sum_analysis_background) / self.count)

    @property
    def total_error(self) -> float:
        """Root mean square O-B."""
        return _root(self.sum_background_square / self.count)

    @property
    def assumed_observation_error(self) -> float:
        """Root mean square of the assumed sigma_o."""
        return _root(self.sum_error_square / self.count)

    @property
    def assumed_background_error(self) -> float:
        """Root mean square of the assumed sigma_b."""
        return _root(self.sum_background_error_square / self.count)

    @property
    def assumed_total_error(self) -> float:
        """Root mean of the assumed sigma_o^2 + sigma_b^2."""
        return math.hypot(self.assumed_observation_error, self.assumed_background_error)

    @property
    def observation_ratio(self) -> float:
        """Diagnosed over assumed sigma_o."""
        return self.observation_error / self.assumed_observation_error

    @property
    def background_ratio(self) -> float:
        """Diagnosed over assumed sigma_b."""
        assumed = self.assumed_background_error
        return self.background_error / assumed if assumed else math.nan

    @property
    def chi_square(self) -> float:
        """Mean of (O-B)^2 / (sigma_o^2 + sigma_b^2); 1 is consistent."""
        return self.sum_chi_square / self.count


def desroziers(data: Departures, layers: Sequence[Layer] = LAYERS) -> list[DesroziersRow]:
    """The diagnostics of the used data: by variable, class, and upwards.

    Upper-air data outside of all layers do not count; nor do data whose assumed errors are unknown.
    """
    place = _places(data, layers)
    chosen = data.used & np.isfinite(data.expected) & (place != -1)
    kinds = set(zip(data.variable[chosen].tolist(), data.message_class[chosen].tolist(), strict=True))
    rows: list[DesroziersRow] = []
    for name, kind in kinds:
        of_kind = chosen & (data.variable == name) & (data.message_class == kind)
        for number in np.unique(place[of_kind]):
            layer = None if number == _SURFACE else layers[number]
            rows.append(_row(data, of_kind & (place == number), name, kind, layer))
    return sorted(rows, key=_order)


def merge_desroziers(parts: Iterable[Sequence[DesroziersRow]]) -> list[DesroziersRow]:
    """The diagnostics of several windows together, from those of each: exact."""
    together: dict[tuple[str, str, Layer | None], DesroziersRow] = {}
    for rows in parts:
        for row in rows:
            key = (row.variable, row.message_class, row.layer)
            together[key] = _merge(together[key], row) if key in together else row
    return sorted(together.values(), key=_order)


def merge_classes(rows: Iterable[DesroziersRow]) -> list[DesroziersRow]:
    """All message classes of a variable and layer together, under the class ``all``."""
    named = (DesroziersRow(**(vars(row) | {"message_class": "all"})) for row in rows)
    return merge_desroziers([[row] for row in named])


def _places(data: Departures, layers: Sequence[Layer]) -> ndarray:
    """Index of each datum's layer; ``_SURFACE`` for surface data and those without a pressure, -1 outside of all."""
    surface = [name for name, known in VARIABLES.items() if not known.has_levels]
    nowhere = np.isnan(data.pressure) | np.isin(data.variable.astype(str), surface)
    return np.where(nowhere, _SURFACE, layer_numbers(data.pressure, layers))


def _row(data: Departures, rows: ndarray, name: str, kind: str, layer: Layer | None) -> DesroziersRow:
    background, analysis = data.background[rows], data.analysis[rows]
    sums = (
        background,
        analysis,
        background**2,
        analysis * background,
        data.error[rows] ** 2,
        data.background_error[rows] ** 2,
        data.normalised[rows] ** 2,
    )
    return DesroziersRow(name, kind, layer, int(rows.sum()), *(float(values.sum()) for values in sums))


def _merge(a: DesroziersRow, b: DesroziersRow) -> DesroziersRow:
    summed = {
        name: value + getattr(b, name) for name, value in vars(a).items() if name == "count" or name.startswith("sum_")
    }
    return DesroziersRow(**(vars(a) | summed))


def _order(row: DesroziersRow) -> tuple[int, str, float]:
    known = list(VARIABLES).index(variable(row.variable).short)
    return known, row.message_class, -row.layer.bottom if row.layer else -math.inf


def _root(square: float) -> float:
    return math.sqrt(square) if square >= 0.0 else math.nan
