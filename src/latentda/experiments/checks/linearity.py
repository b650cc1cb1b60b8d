"""How linear methods are around a background: table and figure of the tangent's error against the increment's size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from numpy import ndarray

from latentda.assimilation import Variational
from latentda.experiments.single.background import Background
from latentda.figures.files import save_figure
from latentda.figures.style import dress, legend_beside, look_of, new_figure
from latentda.files import write_json
from latentda.methods import METHODS, Options, require_methods
from latentda.user_error import UserError
from latentda.verification import tangent_error
from latentda.world import WorldFolder

SIZES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Increments in standard deviations of the background error."""

TangentErrors = Mapping[str, Float[ndarray, " size"]]
"""By method, one for each of :data:`SIZES`."""


def method_linearity(
    methods: Sequence[str], background: Background, world: WorldFolder, *, factor: float = 1.0
) -> TangentErrors:
    """The relative error of the tangent of each method's map from control to state.

    Args:
        methods: names of methods that assimilate.
        background: around which.
        world: network and background errors.
        factor: on background-error variances.

    Raises:
        UserError: unknown name, or the run without assimilation.
    """
    require_methods(methods)
    if "free_run" in methods:
        raise UserError("free_run has no map from a control vector to a state; leave it out.")
    standardizer = world.standardizer
    anomaly = standardizer.to_anomaly(jnp.asarray(background.state), np.int32(background.hours))
    area = standardizer.layout.grid.area_weights
    found = {}
    for name in methods:
        built = METHODS[name].build(world, Options(factor=factor))
        assert isinstance(built, Variational)
        found[name] = tangent_error(built.prior, anomaly, area, SIZES)
    return found


def write_linearity(found: TangentErrors, folder: Path) -> list[Path]:
    """Write ``linearity.png`` and ``linearity.json``, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    figure = save_figure(linearity_figure(found), folder / "linearity.png")
    content = {"sizes": list(SIZES), "tangent_error": {name: series.tolist() for name, series in found.items()}}
    return [figure, write_json(folder / "linearity.json", content)]


def linearity_figure(found: TangentErrors) -> Figure:
    """Both axes logarithmic; a map that is linear to rounding lies on the lower edge."""
    figure = new_figure(7.5, 3.8)
    axes = figure.add_subplot()
    for name, series in found.items():
        look = look_of(name, METHODS)
        axes.plot(SIZES, np.maximum(series, 1e-4), color=look.colour, label=look.title, marker="o", markersize=4)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(SIZES, [f"{size:g}" for size in SIZES])
    words = "increment (standard deviations of the background error)"
    dress(axes, "Error of the tangent", words, "relative error", lines="y")
    legend_beside(axes)
    return figure
