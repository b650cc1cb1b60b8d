"""The augmented Lorenz-96 benchmark: a filter in a learned latent space against filters in the full one."""
