"""Networks: the autoencoder and the codes that need no training. No training code here."""

from latentda.networks.autoencoder import AutoencoderSettings, PatchAutoencoder, empty_code
from latentda.networks.code import Autoencoder, IdentityCode, LinearPatchCode, to_patches
from latentda.networks.weights import (
    named_arrays,
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
    "empty_code",
    "named_arrays",
    "read_autoencoder",
    "to_patches",
    "with_arrays",
    "write_autoencoder",
]
