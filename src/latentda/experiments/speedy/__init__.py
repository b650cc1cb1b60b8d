"""The published ensemble filter of this resolution, SPEEDY-LETKF, and ours beside it."""
