"""A network in a file of ONNX as a forecast model, run by ONNX Runtime; it has no derivative.

ONNX Runtime is an extra: ``pip install 'latentda[onnx]'``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.files import files_digest
from latentda.forecast.host import HostModel
from latentda.user_error import UserError

PRECISIONS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
"""What ONNX calls the kinds of numbers that a network may take."""


class OnnxModel(HostModel):
    """A network in a file as a :class:`~latentda.forecast.model.ForecastModel`.

    It takes one field, ``(1, channel, lat, lon)`` or ``(channel, lat, lon)`` as its only input says, and its first
    output is the field a step later; with a standardizer the fields are standardised anomalies.

    Attributes:
        file: holds f.
        content: a digest of it, which tells runs of one network from those of another.
        session: what runs it.

    Raises:
        UserError: ONNX Runtime is not installed, the file cannot be read, or the network has several inputs.
    """

    file: str | Path = eqx.field(static=True)
    content: str = eqx.field(static=True, init=False)
    session: Any = eqx.field(static=True, init=False)

    differentiable: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self.session = _session(Path(self.file))
        self.content = files_digest([Path(self.file)])

    def run(self, field: Float[ndarray, "channel lat lon"], hours: int) -> Float[ndarray, "channel lat lon"]:
        """f(x)."""
        (entry,) = self.session.get_inputs()
        batch = len(entry.shape) == 4
        given = field.astype(PRECISIONS[entry.type])
        found: ndarray = self.session.run(None, {entry.name: given[None] if batch else given})[0]
        return found[0] if batch else found


def _session(path: Path) -> Any:
    """The network of a file, ready to run on the host's processors."""
    try:
        import onnxruntime
    except ImportError as error:
        raise UserError("A model of ONNX needs ONNX Runtime: pip install 'latentda[onnx]'.") from error
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:
        raise UserError(f"{path} cannot be read as ONNX: {str(error).splitlines()[0]}") from error
    inputs = [f"{entry.name} ({entry.type})" for entry in session.get_inputs()]
    if len(inputs) != 1 or session.get_inputs()[0].type not in PRECISIONS:
        raise UserError(
            f"{path} takes {', '.join(inputs) or 'nothing'}, and one field of real numbers was wanted; call it from a "
            "NumpyModel that makes its inputs of the state."
        )
    return session
