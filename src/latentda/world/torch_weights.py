"""Weights of PyTorch networks from files, without running code of the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from latentda.user_error import UserError

if TYPE_CHECKING:
    import torch


def load_weights(network: torch.nn.Module, path: Path, named: str) -> None:
    """Give a network the weights of a file: safetensors, or a ``state_dict`` in a file of PyTorch.

    Args:
        network: takes them.
        path: the file; of one of PyTorch's own nothing but tensors is read.
        named: whose weights, for the sentence.

    Raises:
        UserError: the file cannot be read so, or does not fit the network.
    """
    try:
        network.load_state_dict(_weights(path))
    except Exception as error:
        reason = " ".join(str(error).split("\n\n")[0].split())
        raise UserError(f"{named} cannot take its weights from {path}: {reason}") from error


def _weights(path: Path) -> dict[str, torch.Tensor]:
    import torch
    from safetensors.torch import load_file

    if path.suffix == ".safetensors":
        return load_file(path)
    return dict(torch.load(path, map_location="cpu", weights_only=True))
