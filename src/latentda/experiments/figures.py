"""Every figure of a report in one place; each function returns a matplotlib ``Figure``."""

from latentda.experiments.curves import error_curves, training_curve
from latentda.experiments.heat import score_bars, score_heat
from latentda.experiments.maps import map_panels
from latentda.experiments.profiles import fit_profile
from latentda.experiments.sections import section_panel
from latentda.experiments.style import METHOD_STYLE, MethodStyle, method_style

__all__ = [
    "METHOD_STYLE",
    "MethodStyle",
    "error_curves",
    "fit_profile",
    "map_panels",
    "method_style",
    "score_bars",
    "score_heat",
    "section_panel",
    "training_curve",
]
