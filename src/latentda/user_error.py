"""The one kind of error that a user can mend: shown as a sentence, where a fault of our own shows a traceback."""

from __future__ import annotations

import os


class UserError(ValueError):
    """Something that was asked for or handed in cannot be used; the message says what, and what to do instead."""


class NotThereError(UserError, KeyError):
    """Nothing has the name or the time that was asked for."""

    __str__ = Exception.__str__  # not KeyError's, which quotes the sentence


class NotFiniteError(UserError, FloatingPointError):
    """A computation gave NaN or infinity with what it was given."""


def debugging() -> bool:
    """Whether tracebacks of errors that users can mend are wanted too: ``LATENTDA_DEBUG=1`` in the environment."""
    return os.environ.get("LATENTDA_DEBUG", "") not in ("", "0")
