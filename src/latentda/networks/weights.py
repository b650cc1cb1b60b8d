"""Weights on disk: a safetensors file and a JSON file beside it; reading them runs no code.

``NAME.safetensors`` holds one array a leaf, named by its path in the module; ``NAME.json`` the settings that
rebuild the module, and whatever a trainer wants to say of it (command, scores).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file, save_file

from latentda.networks.autoencoder import AutoencoderSettings, PatchAutoencoder, empty_code

Network = TypeVar("Network", bound=eqx.Module)


def write_autoencoder(
    network: PatchAutoencoder,
    path: str | Path,
    about: dict[str, Any] | None = None,
    dtype: Any = None,
) -> None:
    """Write ``path`` (``.safetensors``) and the JSON beside it; ``dtype`` e.g. float16 to ship small."""
    described = {
        "kind": "patch autoencoder",
        "settings": network.settings.to_dict(),
        "state_shape": list(network.state_shape),
        "periodic": network.periodic,
    }
    write_network(network, path, described, about, dtype)


def read_autoencoder(path: str | Path) -> PatchAutoencoder:
    """Rebuild the network of ``path``.

    Raises:
        ValueError: a file is missing, damaged, or does not fit its description.
    """
    return read_network(path, "autoencoder", _skeleton)


def _skeleton(described: dict[str, Any]) -> PatchAutoencoder:
    settings = AutoencoderSettings(**described["settings"])
    shape, periodic = tuple(described["state_shape"]), bool(described.get("periodic", True))
    return PatchAutoencoder(empty_code(shape, settings, periodic), settings, jax.random.key(0))


def write_network(
    network: eqx.Module, path: str | Path, described: dict[str, Any], about: dict[str, Any] | None, dtype: Any
) -> None:
    """Write the arrays of any network, and what rebuilds it and is said of it."""
    path = Path(path).with_suffix(".safetensors")
    arrays = {name: np.asarray(leaf, dtype=dtype) for name, leaf in named_arrays(network).items()}
    partial, beside = path.with_suffix(".part"), path.with_name(path.stem + ".json.part")
    save_file(arrays, str(partial))
    beside.write_text(json.dumps({**described, "about": about or {}}, indent=2) + "\n")
    beside.replace(path.with_suffix(".json"))
    partial.replace(path)


def read_network(path: str | Path, kind: str, skeleton: Callable[[dict[str, Any]], Network]) -> Network:
    """Rebuild a network from its description and its arrays.

    Args:
        path: of the arrays.
        kind: the word for errors.
        skeleton: makes a network of the described shape, whose arrays are then replaced.

    Raises:
        ValueError: a file is missing, damaged, or does not fit its description.
    """
    path = Path(path).with_suffix(".safetensors")
    try:
        empty = skeleton(json.loads(path.with_suffix(".json").read_text()))
        arrays = load_file(str(path))
    except Exception as error:
        raise ValueError(f"{path} and the .json beside it hold no {kind}: {error}") from error
    return with_arrays(empty, arrays)


def named_arrays(module: eqx.Module) -> dict[str, jax.Array]:
    """Every array of a module by its path, such as ``encoder.blocks[0].up.weight``."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(eqx.filter(module, eqx.is_array))
    return {jax.tree_util.keystr(path).lstrip("."): leaf for path, leaf in leaves}


def with_arrays(module: Network, arrays: dict[str, np.ndarray]) -> Network:
    """The module with the arrays of those names, float32.

    Raises:
        ValueError: a name or a shape that differs.
    """
    wanted = {name: leaf.shape for name, leaf in named_arrays(module).items()}
    found = {name: array.shape for name, array in arrays.items()}
    if wanted != found:
        strange = sorted(set(wanted.items()) ^ set(found.items()))[:4]
        raise ValueError(f"The weights do not fit the network described beside them: {strange}.")
    dynamic, static = eqx.partition(module, eqx.is_array)
    tree = jax.tree.structure(dynamic)
    filled = [jnp.asarray(arrays[name], jnp.float32) for name in wanted]
    return eqx.combine(jax.tree.unflatten(tree, filled), static)
