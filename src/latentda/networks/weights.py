"""Weights on disk: a safetensors file and a JSON file beside it; reading them runs no code.

``NAME.safetensors`` holds one array a leaf, named by its path in the module; ``NAME.json`` the settings that
rebuild the module, and whatever a trainer wants to say of it (command, scores).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file, save_file

from latentda.networks.autoencoder import AutoencoderSettings, PatchAutoencoder, empty_code


def write_autoencoder(
    network: PatchAutoencoder,
    path: str | Path,
    about: dict[str, Any] | None = None,
    dtype: Any = None,
) -> None:
    """Write ``path`` (``.safetensors``) and the JSON beside it; ``dtype`` e.g. float16 to ship small."""
    path = Path(path).with_suffix(".safetensors")
    arrays = {name: np.asarray(leaf, dtype=dtype) for name, leaf in named_arrays(network).items()}
    partial = path.with_suffix(".part")
    save_file(arrays, str(partial))
    described = {
        "kind": "patch autoencoder",
        "settings": network.settings.to_dict(),
        "state_shape": list(network.state_shape),
        "periodic": network.periodic,
        "about": about or {},
    }
    beside = path.with_name(path.stem + ".json.part")
    beside.write_text(json.dumps(described, indent=2) + "\n")
    beside.replace(path.with_suffix(".json"))
    partial.replace(path)


def read_autoencoder(path: str | Path) -> PatchAutoencoder:
    """Rebuild the network of ``path``.

    Raises:
        ValueError: a file is missing, damaged, or does not fit its description.
    """
    path = Path(path).with_suffix(".safetensors")
    try:
        described = json.loads(path.with_suffix(".json").read_text())
        settings = AutoencoderSettings(**described["settings"])
        shape = tuple(described["state_shape"])
        periodic = bool(described.get("periodic", True))
        arrays = load_file(str(path))
    except Exception as error:
        raise ValueError(f"{path} and the .json beside it hold no autoencoder: {error}") from error
    skeleton = PatchAutoencoder(empty_code(shape, settings, periodic), settings, jax.random.key(0))
    return with_arrays(skeleton, arrays)


def named_arrays(module: eqx.Module) -> dict[str, jax.Array]:
    """Every array of a module by its path, such as ``encoder.blocks[0].up.weight``."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(eqx.filter(module, eqx.is_array))
    return {jax.tree_util.keystr(path).lstrip("."): leaf for path, leaf in leaves}


def with_arrays(module: PatchAutoencoder, arrays: dict[str, np.ndarray]) -> PatchAutoencoder:
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
