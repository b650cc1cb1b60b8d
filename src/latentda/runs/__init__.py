"""Runs: claims on folders, locks, identities, worker processes."""
