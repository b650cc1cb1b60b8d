"""Background errors on disk.

A latent covariance's complex lower-triangular blocks are kept as float16 real and imaginary parts of the triangle
only, rows scaled to unit length, and so are dense roots, localised samples and a balanced one's calibration: a
relative rounding of 5e-4 in quantities that are estimated to a few per cent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy import ndarray

from latentda.files import fitting, read_arrays, write_arrays
from latentda.grid import layout_from_dict
from latentda.operators import Dense, Diagonal, SphericalBlocks, SphericalTransform, ZonalBlocks
from latentda.priors.balance import BalancedCovariance
from latentda.priors.localized import LocalizedSamples

KIND = "background error"

BackgroundError = BalancedCovariance | ZonalBlocks | Dense | LocalizedSamples | Diagonal

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
    elif isinstance(covariance, Dense):
        arrays, header["form"], header["shape"] = _dense_arrays(covariance), "dense", list(covariance.shape)
    elif isinstance(covariance, LocalizedSamples):
        arrays, header["form"] = _localized_arrays(covariance), "localised samples"
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
        return _READERS[header["form"]](arrays, header)


def _diagonal(arrays: dict[str, ndarray], header: dict[str, Any]) -> Diagonal:
    return Diagonal(jnp.asarray(arrays["sd"]))


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


def _zonal(arrays: dict[str, ndarray], header: dict[str, Any]) -> ZonalBlocks:
    length = arrays["length"]
    count, size = length.shape
    blocks = np.zeros((count, size, size), np.complex64)
    rows, columns = np.tril_indices(size)
    blocks[:, rows, columns] = arrays["real"].astype(np.float32) + 1j * arrays["imaginary"]
    return ZonalBlocks(jnp.asarray(blocks * length[..., None]), jnp.asarray(arrays["sd"]))


def _dense_arrays(covariance: Dense) -> dict[str, ndarray]:
    root = np.asarray(covariance.matrix)
    length = np.linalg.norm(root, axis=-1)
    return {"root": (root / length[:, None]).astype(np.float16), "length": length.astype(np.float32)}


def _dense(arrays: dict[str, ndarray], header: dict[str, Any]) -> Dense:
    root = arrays["root"].astype(np.float32) * arrays["length"][:, None]
    return Dense(jnp.asarray(root), tuple(header["shape"]))


def _localized_arrays(covariance: LocalizedSamples) -> dict[str, ndarray]:
    samples = np.asarray(covariance.samples)
    length = np.linalg.norm(samples, axis=-1, keepdims=True)
    return {
        "samples": (samples / length).astype(np.float16),
        "length": length.astype(np.float32),
        "taper": np.asarray(covariance.taper),
    }


def _localized(arrays: dict[str, ndarray], header: dict[str, Any]) -> LocalizedSamples:
    samples = arrays["samples"].astype(np.float32) * arrays["length"]
    return LocalizedSamples(jnp.asarray(samples), jnp.asarray(arrays["taper"]))


_READERS: Mapping[str, Callable[[dict[str, ndarray], dict[str, Any]], BackgroundError]] = {
    "balanced": _balanced,
    "zonal blocks": _zonal,
    "dense": _dense,
    "localised samples": _localized,
    "diagonal": _diagonal,
}
