"""Models of a user's own, by the prefix that says what they are written in.

Every maker is called with the world, the target behind the prefix, and options. A model's step is ``step_hours``, or
what the object says of itself by an attribute of that name. With ``anomalies`` the
model acts on the world's standardised anomalies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from latentda.forecast import (
    CommandModel,
    ForecastModel,
    JaxModel,
    NumpyModel,
    OnnxModel,
    TorchModel,
)
from latentda.user_error import UserError
from latentda.world.described import Described
from latentda.world.importing import imported
from latentda.world.torch_weights import load_weights


def _numpy(
    world: Described,
    target: str,
    step_hours: int | None = None,
    anomalies: bool = False,
    tangent: str = "",
    adjoint: str = "",
) -> ForecastModel:
    """A step in NumPy; ``tangent`` and ``adjoint`` name functions of the same module."""
    function, module = _function("numpy", target), target.partition(":")[0]
    derivatives = {
        part: imported(f"{module}:{name}", f"The {part} of the model 'numpy:{target}'")
        for part, name in (("tangent", tangent), ("adjoint", adjoint))
        if name
    }
    return NumpyModel(function, **derivatives, **_common(world, f"numpy:{target}", function, step_hours, anomalies))


def _jax(world: Described, target: str, step_hours: int | None = None, anomalies: bool = False) -> ForecastModel:
    """A step in JAX."""
    function = _function("jax", target)
    return JaxModel(function, **_common(world, f"jax:{target}", function, step_hours, anomalies))


def _torch(
    world: Described,
    target: str,
    step_hours: int | None = None,
    anomalies: bool = False,
    weights: str = "",
    **options: Any,
) -> ForecastModel:
    """A network of PyTorch: an object, or a class or function that makes it of the other options.

    ``weights`` is a file of safetensors, or what ``torch.save(network.state_dict())`` wrote.
    """
    named = f"The model 'torch:{target}'"
    try:
        import torch
    except ImportError as error:
        raise UserError(f"{named} needs PyTorch: pip install 'latentda[torch]'.") from error
    found = imported(target, named)
    try:
        network = found if isinstance(found, torch.nn.Module) else found(**options)
    except TypeError as error:
        raise UserError(f"{named} cannot be made with {options}: {error}.") from error
    if not isinstance(network, torch.nn.Module):
        raise UserError(f"{named} gives no torch.nn.Module but a {type(network).__name__}.")
    if weights:
        load_weights(network, _located(world, weights), named)
    return TorchModel(network, **_common(world, f"torch:{target}", network, step_hours, anomalies))


def _onnx(world: Described, target: str, step_hours: int | None = None, anomalies: bool = False) -> ForecastModel:
    """A network in a file of ONNX."""
    common = _common(world, f"onnx:{target}", None, step_hours, anomalies)
    return OnnxModel(_located(world, target), **common)


def _command(world: Described, target: str, step_hours: int | None = None) -> ForecastModel:
    """A program."""
    return CommandModel(target, **_common(world, f"command:{target}", None, step_hours, False))


OWN_MODELS: Mapping[str, Callable[..., ForecastModel]] = {
    "numpy": _numpy,
    "jax": _jax,
    "torch": _torch,
    "onnx": _onnx,
    "command": _command,
}
"""Makers by prefix."""


def _common(world: Described, kind: str, written: Any, step_hours: int | None, anomalies: bool) -> dict[str, Any]:
    """The arguments that all adapters share.

    Raises:
        UserError: nothing says the step.
    """
    step = step_hours or getattr(written, "step_hours", None)
    if not step:
        raise UserError(
            f"The model '{kind}' does not say how long its step is; write '{kind}?step_hours=6', or in a world.yaml "
            "the option step_hours."
        )
    standardizer = world.standardizer if anomalies else None
    return {"layout": world.layout, "step_hours": int(step), "standardizer": standardizer}


def _function(prefix: str, target: str) -> Callable[..., Any]:
    found = imported(target, f"The model '{prefix}:{target}'")
    if not callable(found):
        raise UserError(f"The model '{prefix}:{target}' is no function but a {type(found).__name__}.")
    step: Callable[..., Any] = found
    return step


def _located(world: Described, name: str) -> Path:
    """A file in the current folder, or else in that of the world.

    Raises:
        UserError: it is in neither.
    """
    for path in (Path(name), world.folder / name):
        if path.is_file():
            return path
    raise UserError(f"There is no file {name}, here or in {world.folder}.")
