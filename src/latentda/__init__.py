"""latentda: data assimilation of the global atmosphere in a learned latent space."""

from latentda.user_error import UserError

__version__ = "0.1.0"

__all__ = ["UserError", "__version__"]
