"""One thing that must hold of what a user brings, and what was found of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One law and what was found.

    Attributes:
        name: what must hold.
        found: numbers, in words.
        passed: whether it does.
    """

    name: str
    found: str
    passed: bool
