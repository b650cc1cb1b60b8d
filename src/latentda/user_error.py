"""The one kind of error that a user can mend: shown as a sentence, where a fault of our own shows a traceback."""

from __future__ import annotations


class UserError(ValueError):
    """Something that was asked for or handed in cannot be used; the message says what, and what to do instead."""
