"""Weights on disk, one file a network; reading it runs no code.

``NAME.safetensors`` holds one array a leaf, named by its path in the module, and in its header the settings that
rebuild the module and whatever a trainer wants to say of it (command, scores).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from latentda.files import fitting, read_arrays, read_header, write_arrays
from latentda.networks.autoencoder import AutoencoderSettings, PatchAutoencoder, empty_code
from latentda.user_error import UserError

AUTOENCODER = "autoencoder"
"""Kind of file."""

Network = TypeVar("Network", bound=eqx.Module)


def write_autoencoder(
    network: PatchAutoencoder,
    path: str | Path,
    about: dict[str, Any] | None = None,
    dtype: Any = None,
) -> None:
    """Write ``path`` (``.safetensors``); ``dtype`` e.g. float16 to ship small."""
    described = {
        "settings": network.settings.to_dict(),
        "state_shape": list(network.state_shape),
        "periodic": network.periodic,
    }
    write_network(network, path, AUTOENCODER, described, about, dtype)


def read_autoencoder(path: str | Path) -> PatchAutoencoder:
    """Rebuild the network of ``path``.

    Raises:
        UserError: the file is missing, damaged, or does not fit its description.
    """
    return read_network(path, AUTOENCODER, _skeleton)


def _skeleton(described: dict[str, Any]) -> PatchAutoencoder:
    settings = AutoencoderSettings(**described["settings"])
    shape, periodic = tuple(described["state_shape"]), bool(described.get("periodic", True))
    return PatchAutoencoder(empty_code(shape, settings, periodic), settings, jax.random.key(0))


def write_network(
    network: eqx.Module,
    path: str | Path,
    kind: str,
    described: dict[str, Any],
    about: dict[str, Any] | None,
    dtype: Any,
) -> None:
    """Write the arrays of any network, and what rebuilds it and is said of it."""
    arrays = {name: np.asarray(leaf, dtype=dtype) for name, leaf in named_arrays(network).items()}
    write_arrays(_file(path), kind, arrays, {**described, "about": about or {}})


def read_network(path: str | Path, kind: str, skeleton: Callable[[dict[str, Any]], Network]) -> Network:
    """Rebuild a network from its description and its arrays.

    Args:
        path: of the arrays.
        kind: of file.
        skeleton: makes a network of the described shape, whose arrays are then replaced.

    Raises:
        UserError: the file is missing, damaged, or does not fit its description.
    """
    arrays, described = read_arrays(_file(path), kind)
    with fitting(_file(path), kind):
        return with_arrays(skeleton(described), arrays)


def read_about(path: str | Path, kind: str = AUTOENCODER) -> dict[str, Any]:
    """What the trainer of a network says of it.

    Raises:
        UserError: the file is missing, damaged or of another kind.
    """
    return read_header(_file(path), kind)["about"]


def _file(path: str | Path) -> Path:
    path = Path(path)
    return path if path.suffix == ".safetensors" else path.with_name(path.name + ".safetensors")


def named_arrays(module: eqx.Module) -> dict[str, jax.Array]:
    """Every array of a module by its path, such as ``encoder.blocks[0].up.weight``."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(eqx.filter(module, eqx.is_array))
    return {jax.tree_util.keystr(path).lstrip("."): leaf for path, leaf in leaves}


def with_arrays(module: Network, arrays: dict[str, np.ndarray]) -> Network:
    """The module with the arrays of those names, float32.

    Raises:
        UserError: a name or a shape that differs.
    """
    wanted = {name: leaf.shape for name, leaf in named_arrays(module).items()}
    found = {name: array.shape for name, array in arrays.items()}
    if wanted != found:
        strange = sorted(set(wanted.items()) ^ set(found.items()))[:4]
        raise UserError(f"The weights do not fit the network described with them: {strange}.")
    dynamic, static = eqx.partition(module, eqx.is_array)
    tree = jax.tree.structure(dynamic)
    filled = [jnp.asarray(arrays[name], jnp.float32) for name in wanted]
    return eqx.combine(jax.tree.unflatten(tree, filled), static)
