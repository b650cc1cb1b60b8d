"""Observations: one table for all kinds, readers, networks, quality control and batches."""

from typing import TYPE_CHECKING

from latentda.lazy import lazy_names
from latentda.observations.aircraft import aircraft_network
from latentda.observations.blacklist import BlacklistEntry, check_blacklist, read_blacklist
from latentda.observations.bufr_decoder import DamageWarning
from latentda.observations.chain import QualityControl, read_quality_control
from latentda.observations.chain_links import (
    BelowGround,
    Blacklist,
    Duplicates,
    ErrorSize,
    HumidityAloft,
    Hydrostatic,
    LapseRate,
    Position,
    QualityMarks,
    Range,
    Superobbing,
    Thinning,
    Window,
    WindShear,
)
from latentda.observations.column_maps import ColumnMap, column_map
from latentda.observations.csv_table import read_csv
from latentda.observations.error_bounds import SHARPEST, check_error_size, raise_errors
from latentda.observations.error_file import read_error_table
from latentda.observations.error_table import (
    ErrorProfile,
    ErrorTable,
    assign_errors,
    default_error_table,
    inflate,
    replace_errors,
)
from latentda.observations.gnssro import read_gnssro
from latentda.observations.hydrostatic_check import check_hydrostatic
from latentda.observations.ioda import read_ioda
from latentda.observations.left_out import LeftOutWarning
from latentda.observations.networks import (
    MANDATORY_LEVELS_HPA,
    columns,
    grid_point_network,
    join_networks,
    marine_network,
    radiosonde_network,
    radiosonde_surface_network,
    random_network,
    surface_network,
    swath_network,
)
from latentda.observations.nnja import read_nnja
from latentda.observations.orbit import Orbit
from latentda.observations.parquet_table import read_table
from latentda.observations.place_checks import check_position, check_window
from latentda.observations.places import ObservationPlaces, places_to_table
from latentda.observations.prepbufr import read_prepbufr
from latentda.observations.quality import (
    HUMIDITY_TOP_PA,
    PHYSICAL_RANGES,
    check_below_ground,
    check_duplicates,
    check_humidity_aloft,
    check_quality_marks,
    check_range,
    first_guess_check,
    require_used,
    withhold_stations,
)
from latentda.observations.readers import (
    NoObservationError,
    read_observations,
    read_observations_in_pieces,
    read_observations_of_files,
)
from latentda.observations.representativeness import representativeness_errors
from latentda.observations.satellite_winds import satellite_wind_network
from latentda.observations.soundings_checks import check_lapse_rate, check_wind_shear
from latentda.observations.table import (
    SCHEMA,
    SURFACE_VARIABLES,
    UPPER_AIR_VARIABLES,
    VARIABLES,
    ObservationError,
    column,
    concatenate,
    empty_table,
    refuse,
    renumber,
    select,
    summary,
    table_from_columns,
    used,
    write_table,
)
from latentda.observations.thinning import split_by_time, superob, thin_by_box
from latentda.observations.verdicts import VERDICTS, explain, verdict_counts
from latentda.observations.wmo_bufr import read_aircraft, read_radiosondes, read_synop, read_wmo_bufr

if TYPE_CHECKING:
    from latentda.observations.batch import DEFAULT_SIZES, ObservationBatch, make_batch, padded_size
    from latentda.observations.correlated_errors import VerticalCorrelation, vertical_correlation

__all__ = [
    "DEFAULT_SIZES",
    "HUMIDITY_TOP_PA",
    "MANDATORY_LEVELS_HPA",
    "PHYSICAL_RANGES",
    "SCHEMA",
    "SHARPEST",
    "SURFACE_VARIABLES",
    "UPPER_AIR_VARIABLES",
    "VARIABLES",
    "VERDICTS",
    "BelowGround",
    "Blacklist",
    "BlacklistEntry",
    "ColumnMap",
    "DamageWarning",
    "Duplicates",
    "ErrorProfile",
    "ErrorSize",
    "ErrorTable",
    "HumidityAloft",
    "Hydrostatic",
    "LapseRate",
    "LeftOutWarning",
    "NoObservationError",
    "ObservationBatch",
    "ObservationError",
    "ObservationPlaces",
    "Orbit",
    "Position",
    "QualityControl",
    "QualityMarks",
    "Range",
    "Superobbing",
    "Thinning",
    "VerticalCorrelation",
    "WindShear",
    "Window",
    "aircraft_network",
    "assign_errors",
    "check_below_ground",
    "check_blacklist",
    "check_duplicates",
    "check_error_size",
    "check_humidity_aloft",
    "check_hydrostatic",
    "check_lapse_rate",
    "check_position",
    "check_quality_marks",
    "check_range",
    "check_wind_shear",
    "check_window",
    "column",
    "column_map",
    "columns",
    "concatenate",
    "default_error_table",
    "empty_table",
    "explain",
    "first_guess_check",
    "grid_point_network",
    "inflate",
    "join_networks",
    "make_batch",
    "marine_network",
    "padded_size",
    "places_to_table",
    "radiosonde_network",
    "radiosonde_surface_network",
    "raise_errors",
    "random_network",
    "read_aircraft",
    "read_blacklist",
    "read_csv",
    "read_error_table",
    "read_gnssro",
    "read_ioda",
    "read_nnja",
    "read_observations",
    "read_observations_in_pieces",
    "read_observations_of_files",
    "read_prepbufr",
    "read_quality_control",
    "read_radiosondes",
    "read_synop",
    "read_table",
    "read_wmo_bufr",
    "refuse",
    "renumber",
    "replace_errors",
    "representativeness_errors",
    "require_used",
    "satellite_wind_network",
    "select",
    "split_by_time",
    "summary",
    "superob",
    "surface_network",
    "swath_network",
    "table_from_columns",
    "thin_by_box",
    "used",
    "verdict_counts",
    "vertical_correlation",
    "withhold_stations",
    "write_table",
]

# Reading and checking need no JAX, which takes a second to import.
__getattr__ = lazy_names(
    __name__,
    {
        "DEFAULT_SIZES": "batch",
        "ObservationBatch": "batch",
        "VerticalCorrelation": "correlated_errors",
        "make_batch": "batch",
        "padded_size": "batch",
        "vertical_correlation": "correlated_errors",
    },
)
