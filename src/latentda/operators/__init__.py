"""Linear-operator algebra of covariances, and observation operators."""

from latentda.operators.band_limit import BandLimit
from latentda.operators.covariance import (
    Control,
    Covariance,
    Dense,
    Diagonal,
    Ensemble,
    Scaled,
    Sum,
    white_control,
)
from latentda.operators.grid_points import GridPoints
from latentda.operators.point import PointObservations
from latentda.operators.samples import divisor, in_pieces, position_dependent_sd, require_room, require_samples
from latentda.operators.spherical import SphericalBlocks, estimate_independent_blocks, estimate_spherical_blocks
from latentda.operators.spherical_transform import SphericalTransform
from latentda.operators.zonal import ZonalBlocks, estimate_zonal_blocks, gaspari_cohn

__all__ = [
    "BandLimit",
    "Control",
    "Covariance",
    "Dense",
    "Diagonal",
    "Ensemble",
    "GridPoints",
    "PointObservations",
    "Scaled",
    "SphericalBlocks",
    "SphericalTransform",
    "Sum",
    "ZonalBlocks",
    "divisor",
    "estimate_independent_blocks",
    "estimate_spherical_blocks",
    "estimate_zonal_blocks",
    "gaspari_cohn",
    "in_pieces",
    "position_dependent_sd",
    "require_room",
    "require_samples",
    "white_control",
]
