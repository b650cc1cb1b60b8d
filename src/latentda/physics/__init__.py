"""Thermodynamics, standard atmosphere and their constants."""
