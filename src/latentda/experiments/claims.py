"""A folder belongs to one set-up with its assets; see :mod:`latentda.claim`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentda.claim import NOTE, claim, claimed

__all__ = ["NOTE", "claim", "claim_folder", "claimed"]


def claim_folder(folder: Path, setup: Mapping[str, Any], assets: str) -> None:
    """Take a folder for an experiment, or take it up again.

    Args:
        folder: made if it does not exist.
        setup: plain values.
        assets: the digest of the files that the results depend on.

    Raises:
        UserError: the folder holds results of another set-up or of other assets, or other files.
    """
    claim(folder, {**setup, "assets": assets})
