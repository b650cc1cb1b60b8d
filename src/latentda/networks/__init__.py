"""Networks: the autoencoder, the codes that need no training, and the surrogate. No training code here."""

from latentda.networks.autoencoder import AutoencoderSettings, PatchAutoencoder, empty_code
from latentda.networks.code import Autoencoder, IdentityCode, LinearPatchCode, to_patches
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
    "IdentityCode",
    "LinearPatchCode",
    "PatchAutoencoder",
    "Surrogate",
    "SurrogateSettings",
    "empty_code",
    "named_arrays",
    "read_about",
    "read_autoencoder",
    "read_surrogate",
    "to_patches",
    "with_arrays",
    "write_autoencoder",
    "write_surrogate",
]
