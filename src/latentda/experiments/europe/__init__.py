"""The European experiment: a learned surrogate of a reanalysis, and real radiosondes."""
