"""Every figure of a report in one place; each function returns a matplotlib ``Figure``."""

from latentda.experiments.consistency_figures import error_correlations, error_levels
from latentda.experiments.curves import error_curves, training_curve
from latentda.experiments.feedback_figures import departure_histogram, departure_maps, departure_series
from latentda.experiments.heat import score_bars, score_heat
from latentda.experiments.maps import map_panels
from latentda.experiments.observation_maps import class_map, count_map, verdict_map
from latentda.experiments.profiles import fit_profile
from latentda.experiments.sections import section_panel
from latentda.experiments.style import METHOD_STYLE, MethodStyle, method_style
from latentda.experiments.vertical_counts import vertical_counts

__all__ = [
    "METHOD_STYLE",
    "MethodStyle",
    "class_map",
    "count_map",
    "departure_histogram",
    "departure_maps",
    "departure_series",
    "error_correlations",
    "error_curves",
    "error_levels",
    "fit_profile",
    "map_panels",
    "method_style",
    "score_bars",
    "score_heat",
    "section_panel",
    "training_curve",
    "verdict_map",
    "vertical_counts",
]
