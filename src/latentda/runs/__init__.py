"""Runs: claims on folders, locks, worker processes."""
