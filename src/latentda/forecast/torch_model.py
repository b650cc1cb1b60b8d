"""A network of PyTorch as a forecast model, with PyTorch's own derivatives.

    y = f(x),        f'(x) d by forward mode,        f'(x)^T w by reverse mode

so that Gauss-Newton and sensitivities serve as with a model in JAX. PyTorch is an extra: ``pip install
'latentda[torch]'``.

Source: Paszke et al. (2019), arXiv 1912.01703.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.forecast.host import HostModel
from latentda.runs.identity import digest

if TYPE_CHECKING:
    import torch


class TorchModel(HostModel):
    """A ``torch.nn.Module`` as a :class:`~latentda.forecast.model.ForecastModel`.

    It is called with one field as a batch, ``(1, channel, lat, lon)``, and gives such a batch; with a standardizer the
    fields are standardised anomalies. It runs where its parameters are and in their precision, in evaluation mode.

    Attributes:
        network: f.
        weights: a digest of them, which tells runs of one network from those of another.
    """

    network: torch.nn.Module = eqx.field(static=True)
    weights: str = eqx.field(static=True, init=False)

    differentiable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self.network.eval()
        self.weights = digest({name: _array(tensor.float()) for name, tensor in self.network.state_dict().items()})

    def run(self, field: Float[ndarray, "channel lat lon"], hours: int) -> Float[ndarray, "channel lat lon"]:
        """f(x)."""
        import torch

        with torch.no_grad():
            return _array(self._value(self._tensor(field)))

    def run_tangent(self, field: ndarray, hours: int, direction: ndarray) -> ndarray:
        """f'(x) d."""
        import torch

        _, change = torch.func.jvp(self._value, (self._tensor(field),), (self._tensor(direction),))
        return _array(change)

    def run_adjoint(self, field: ndarray, hours: int, weight: ndarray) -> ndarray:
        """f'(x)^T w."""
        import torch

        at = self._tensor(field).requires_grad_()
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(self._value(at), at, self._tensor(weight))
        return _array(gradient)

    def _value(self, field: torch.Tensor) -> torch.Tensor:
        return self.network(field[None])[0]

    def _tensor(self, field: ndarray) -> torch.Tensor:
        import torch

        like = next(self.network.parameters(), torch.zeros(()))
        return torch.as_tensor(field).to(like.device, like.dtype)


def _array(tensor: torch.Tensor) -> ndarray:
    return np.asarray(tensor.detach().cpu().numpy())
