"""The embedded world: SPEEDY physics on a spectral core, and its simulations."""
