"""Texts of options that mean several things: names or numbers with commas between them."""

from __future__ import annotations

from latentda.user_error import UserError


def names(text: str) -> list[str]:
    """The names."""
    return [name.strip() for name in text.split(",") if name.strip()]


def numbers(text: str) -> list[float]:
    """The numbers.

    Raises:
        UserError: one of them is none.
    """
    try:
        return [float(name) for name in names(text)]
    except ValueError as error:
        raise UserError(f"Numbers with commas between them were wanted; got '{text}'.") from error
