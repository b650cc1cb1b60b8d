"""Ensemble methods."""
