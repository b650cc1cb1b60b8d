"""Background errors on disk.

A latent covariance's complex lower-triangular blocks are kept as float16 real and imaginary parts of the triangle
only, rows scaled to unit length, and a balanced one's calibration too: a relative rounding of 5e-4 in quantities that
are estimated to a few per cent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy import ndarray

from latentda.files import fitting, read_arrays, write_arrays
from latentda.grid import layout_from_dict
from latentda.operators import Diagonal, SphericalBlocks, SphericalTransform, ZonalBlocks
from latentda.priors.balance import BalancedCovariance

KIND = "background error"

BackgroundError = BalancedCovariance | ZonalBlocks | Diagonal

_PARTS = ("psi", "chi", "mass", "humidity")
_REST = ("divergent", "balanced", "scale", "calibration")


def write_background_error(
    covariance: BackgroundError,
    path: str | Path,
    about: dict[str, Any] | None = None,
) -> None:
    """Write a background error, whole or not at all."""
    header: dict[str, Any] = {"about": about or {}}
    if isinstance(covariance, BalancedCovariance):
        arrays, header["form"] = _balanced_arrays(covariance), "balanced"
        header["layout"] = covariance.layout.to_dict()
    elif isinstance(covariance, ZonalBlocks):
        arrays, header["form"] = _zonal_arrays(covariance), "zonal blocks"
    else:
        arrays, header["form"] = {"sd": np.asarray(covariance.sd)}, "diagonal"
    write_arrays(path, KIND, arrays, header)


def read_background_error(path: str | Path) -> BackgroundError:
    """Read what :func:`write_background_error` wrote.

    Raises:
        UserError: the file is missing, damaged or something else.
    """
    arrays, header = read_arrays(path, KIND)
    with fitting(path, KIND):
        if header["form"] == "diagonal":
            return Diagonal(jnp.asarray(arrays["sd"]))
        return _balanced(arrays, header) if header["form"] == "balanced" else _zonal(arrays)


def _balanced_arrays(covariance: BalancedCovariance) -> dict[str, ndarray]:
    arrays = {name: np.asarray(getattr(covariance, name)) for name in _REST}
    arrays["calibration"] = arrays["calibration"].astype(np.float16)
    for part in _PARTS:
        blocks = getattr(covariance, part)
        arrays[f"{part}.blocks"] = np.asarray(blocks.blocks)
        arrays[f"{part}.sd"] = np.asarray(blocks.sd)
    return arrays


def _balanced(arrays: dict[str, ndarray], header: dict[str, Any]) -> BalancedCovariance:
    layout = layout_from_dict(header["layout"])
    transform = SphericalTransform(layout.grid)
    parts: dict[str, Any] = {
        part: SphericalBlocks(jnp.asarray(arrays[f"{part}.blocks"]), jnp.asarray(arrays[f"{part}.sd"]), transform)
        for part in _PARTS
    }
    rest: dict[str, Any] = {name: jnp.asarray(arrays[name], jnp.float32) for name in _REST}
    return BalancedCovariance(**parts, **rest, layout=layout)


def _zonal_arrays(covariance: ZonalBlocks) -> dict[str, ndarray]:
    blocks = np.asarray(covariance.blocks)
    length = np.linalg.norm(blocks, axis=-1)
    triangle = (blocks / length[..., None])[(slice(None), *np.tril_indices(blocks.shape[-1]))]
    return {
        "real": triangle.real.astype(np.float16),
        "imaginary": triangle.imag.astype(np.float16),
        "length": length.astype(np.float32),
        "sd": np.asarray(covariance.sd),
    }


def _zonal(arrays: dict[str, ndarray]) -> ZonalBlocks:
    length = arrays["length"]
    count, size = length.shape
    blocks = np.zeros((count, size, size), np.complex64)
    rows, columns = np.tril_indices(size)
    blocks[:, rows, columns] = arrays["real"].astype(np.float32) + 1j * arrays["imaginary"]
    return ZonalBlocks(jnp.asarray(blocks * length[..., None]), jnp.asarray(arrays["sd"]))
