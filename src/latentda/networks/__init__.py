"""Networks: codes of fields and of vectors, those that need no training, surrogates. No training code here."""

from latentda.networks.autoencoder import AutoencoderSettings, PatchAutoencoder, empty_code
from latentda.networks.code import Autoencoder, IdentityCode, LinearPatchCode, to_patches
from latentda.networks.dense import DenseCode
from latentda.networks.pointwise import Pointwise, PointwiseCode
from latentda.networks.rezero import Dense, Product, ReZero
from latentda.networks.standardized import StandardizedCode, VectorCode, standardized_code
from latentda.networks.surrogate import Surrogate, SurrogateSettings, read_surrogate, write_surrogate
from latentda.networks.weights import (
    named_arrays,
    read_about,
    read_autoencoder,
    with_arrays,
    write_autoencoder,
)

__all__ = [
    "Autoencoder",
    "AutoencoderSettings",
    "Dense",
    "DenseCode",
    "IdentityCode",
    "LinearPatchCode",
    "PatchAutoencoder",
    "Pointwise",
    "PointwiseCode",
    "Product",
    "ReZero",
    "StandardizedCode",
    "Surrogate",
    "SurrogateSettings",
    "VectorCode",
    "empty_code",
    "named_arrays",
    "read_about",
    "read_autoencoder",
    "read_surrogate",
    "standardized_code",
    "to_patches",
    "with_arrays",
    "write_autoencoder",
    "write_surrogate",
]
