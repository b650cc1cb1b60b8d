"""latentda: data assimilation of the global atmosphere in a learned latent space."""

__version__ = "0.1.0"
