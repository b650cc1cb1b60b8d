"""Single observations and their increments."""
