"""What is asked of the analyses of a finished experiment: posterior, impact, minimisers, linearity."""
