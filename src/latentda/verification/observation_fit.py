"""Fit to observations: O-B and O-A by variable and pressure layer.

    O-B = y - H(x_b),    O-A = y - H(x_a)

for the observations that were assimilated, and for those withheld. The withheld ones are the judge:
any method can draw to what it was given, only a good one also moves towards what it never saw.

Layers stand for the mandatory levels of radiosonde reports. A datum at pressure p belongs to the
layer with top < p <= bottom; one without a pressure (NaN) counts only in its variable's row for all
levels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from latentda.grid import level_name, variable
from latentda.verification.scores import Score


@dataclass(frozen=True)
class Layer:
    """A pressure layer.

    Attributes:
        bottom: its highest pressure (hPa), included.
        level: the level that it stands for (hPa), which names it.
        top: its lowest pressure (hPa), excluded.
    """

    bottom: float
    level: float
    top: float


_EDGES = (1050, 925, 775, 600, 450, 350, 275, 225, 175, 125, 70, 30)
_LEVELS = (1000, 850, 700, 500, 400, 300, 250, 200, 150, 100, 50)

LAYERS: tuple[Layer, ...] = tuple(
    Layer(float(bottom), float(level), float(top))
    for bottom, level, top in zip(_EDGES, _LEVELS, _EDGES[1:], strict=False)
)
"""Layers around the mandatory levels from 1000 to 50 hPa, upwards."""


def layer_numbers(pressure: Float[ndarray, " datum"], layers: Sequence[Layer] = LAYERS) -> Int[ndarray, " datum"]:
    """Index of the layer of each pressure (Pa), -1 outside of all and for NaN."""
    hpa = np.asarray(pressure, np.float64) / 100.0
    number = np.full(hpa.shape, -1)
    for i, layer in enumerate(layers):
        number[(hpa > layer.top) & (hpa <= layer.bottom)] = i
    return number


@dataclass(frozen=True)
class Columns:
    """The columns of an observation table that a fit needs, one entry a datum, SI units.

    Attributes:
        value: y.
        background: H(x_b).
        analysis: H(x_a).
        variable: short names.
        pressure: Pa; NaN where a datum has none.
        used: assimilated.
        withheld: kept back for verification; data neither used nor withheld do not count.

    Raises:
        ValueError: lengths differ, a datum is both used and withheld, or a value that counts is not
            finite.
    """

    value: Float[ndarray, " datum"]
    background: Float[ndarray, " datum"]
    analysis: Float[ndarray, " datum"]
    variable: Shaped[ndarray, " datum"]
    pressure: Float[ndarray, " datum"]
    used: Bool[ndarray, " datum"]
    withheld: Bool[ndarray, " datum"]

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in vars(self).items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"The columns differ in length: {lengths}.")
        if np.any(self.used & self.withheld):
            raise ValueError("An observation is both used and withheld.")
        counted = self.used | self.withheld
        for name in ("value", "background", "analysis"):
            if not np.isfinite(getattr(self, name)[counted]).all():
                raise ValueError(f"Column {name!r} holds NaN or infinity at data that are used or withheld.")


@dataclass(frozen=True)
class FitRow:
    """O-B and O-A statistics of one variable in one layer, SI units.

    Attributes:
        variable: short name.
        layer: where; None for all levels together.
        used: of the assimilated (True) or of the withheld (False) data.
        count: number of data.
        background_bias: mean O-B.
        background_rms: root mean square O-B.
        analysis_bias: mean O-A.
        analysis_rms: root mean square O-A.
    """

    variable: str
    layer: Layer | None
    used: bool
    count: int
    background_bias: float
    background_rms: float
    analysis_bias: float
    analysis_rms: float

    @property
    def channel(self) -> str:
        """``t`` for all levels together, ``t@500`` for the layer around 500 hPa."""
        if self.layer is None:
            return self.variable
        return f"{self.variable}@{level_name(self.layer.level)}"


def observation_fit(columns: Columns, layers: Sequence[Layer] = LAYERS) -> list[FitRow]:
    """The fit by variable, first all levels and then upwards, used before withheld.

    Rows without data are left out.
    """
    number = layer_numbers(columns.pressure, layers)
    rows: list[FitRow] = []
    for short in dict.fromkeys(str(name) for name in columns.variable):
        for used, mask in ((True, columns.used), (False, columns.withheld)):
            chosen = mask & (columns.variable == short)
            for i, layer in enumerate((None, *layers), start=-1):
                inside = chosen if layer is None else chosen & (number == i)
                if inside.any():
                    rows.append(_row(columns, inside, short, layer, used))
    return rows


def merge_fits(fits: Iterable[Sequence[FitRow]]) -> list[FitRow]:
    """The fit of several windows together, from the fit of each: exact, not a mean of scores."""
    together: dict[tuple[str, Layer | None, bool], FitRow] = {}
    for rows in fits:
        for row in rows:
            key = (row.variable, row.layer, row.used)
            together[key] = _merge(together[key], row) if key in together else row
    return list(together.values())


def fit_scores(
    rows: Iterable[FitRow],
    *,
    experiment: str,
    method: str,
    seed: int,
    lead_hours: int = 0,
    twin: str = "",
) -> list[Score]:
    """Two score rows for each fit row: O-B and O-A, with the arguments as in :class:`Score`."""

    def score(row: FitRow, kind: str, rms: float, bias: float) -> Score:
        return Score(
            experiment, method, seed, row.channel, lead_hours, kind, rms, row.count, row.used, twin,
            bias, variable(row.variable).units,
        )  # fmt: skip

    scores: list[Score] = []
    for row in rows:
        scores.append(score(row, "observation_background", row.background_rms, row.background_bias))
        scores.append(score(row, "observation_analysis", row.analysis_rms, row.analysis_bias))
    return scores


def _row(columns: Columns, inside: ndarray, short: str, layer: Layer | None, used: bool) -> FitRow:
    value = np.asarray(columns.value, np.float64)[inside]
    numbers: list[float] = []
    for equivalent in (columns.background, columns.analysis):
        departure = value - np.asarray(equivalent, np.float64)[inside]
        numbers += [float(departure.mean()), float(np.sqrt(np.mean(departure**2)))]
    return FitRow(short, layer, used, int(inside.sum()), *numbers)


def _merge(a: FitRow, b: FitRow) -> FitRow:
    count = a.count + b.count

    def mean(x: float, y: float) -> float:
        return (a.count * x + b.count * y) / count

    return FitRow(
        a.variable,
        a.layer,
        a.used,
        count,
        mean(a.background_bias, b.background_bias),
        mean(a.background_rms**2, b.background_rms**2) ** 0.5,
        mean(a.analysis_bias, b.analysis_bias),
        mean(a.analysis_rms**2, b.analysis_rms**2) ** 0.5,
    )
