"""Where things are: horizontal grids, vertical coordinates, variables, and the layout of a state."""

from typing import TYPE_CHECKING

from latentda.grid.clock import (
    Time,
    as_datetime,
    datetime_of_hours,
    hour_sequence,
    hours_since_1970,
    iso,
    lead_steps,
)
from latentda.grid.horizontal import (
    EARTH_RADIUS,
    Grid,
    gaussian_grid,
    great_circle_km,
    grid_from_coordinates,
    lat_lon_grid,
    line_grid,
    regional_grid,
)
from latentda.grid.layout import (
    Channel,
    Layout,
    build_layout,
    layout_from_dict,
    vertical_from_units,
)
from latentda.grid.quadrature import Quadrature, meridian_quadrature
from latentda.grid.variables import BY_STORED_NAME, VARIABLES, Variable, variable
from latentda.grid.vertical import (
    NoLevels,
    PressureLevels,
    SigmaLevels,
    Vertical,
    layer_borders,
    level_name,
    mass_shares,
)
from latentda.lazy import lazy_names

if TYPE_CHECKING:
    from latentda.grid.hours import Hours

__all__ = [
    "BY_STORED_NAME",
    "EARTH_RADIUS",
    "VARIABLES",
    "Channel",
    "Grid",
    "Hours",
    "Layout",
    "NoLevels",
    "PressureLevels",
    "Quadrature",
    "SigmaLevels",
    "Time",
    "Variable",
    "Vertical",
    "as_datetime",
    "build_layout",
    "datetime_of_hours",
    "gaussian_grid",
    "great_circle_km",
    "grid_from_coordinates",
    "hour_sequence",
    "hours_since_1970",
    "iso",
    "lat_lon_grid",
    "layer_borders",
    "layout_from_dict",
    "lead_steps",
    "level_name",
    "line_grid",
    "mass_shares",
    "meridian_quadrature",
    "regional_grid",
    "variable",
    "vertical_from_units",
]

# It names an array of JAX, which readers of observations need not wait for.
__getattr__ = lazy_names(__name__, {"Hours": "hours"})
