"""What a user reads when a store cannot be used."""

from __future__ import annotations

from latentda.user_error import UserError


class FieldsError(UserError):
    """A store that cannot be used, said in one sentence."""
