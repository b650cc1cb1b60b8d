"""Every figure of a report in one place; each function returns a matplotlib ``Figure``."""

from latentda.figures.consistency import error_correlations, error_levels
from latentda.figures.curves import error_curves, training_curve
from latentda.figures.departures import departure_histogram, departure_maps, departure_series
from latentda.figures.heat import score_bars, score_heat
from latentda.figures.maps import map_panels
from latentda.figures.observation_maps import class_map, count_map, verdict_map
from latentda.figures.profiles import fit_profile
from latentda.figures.sections import section_panel
from latentda.figures.style import Look, Looks, PlainLook, look_of
from latentda.figures.vertical_counts import vertical_counts

__all__ = [
    "Look",
    "Looks",
    "PlainLook",
    "class_map",
    "count_map",
    "departure_histogram",
    "departure_maps",
    "departure_series",
    "error_correlations",
    "error_curves",
    "error_levels",
    "fit_profile",
    "look_of",
    "map_panels",
    "score_bars",
    "score_heat",
    "section_panel",
    "training_curve",
    "verdict_map",
    "vertical_counts",
]
