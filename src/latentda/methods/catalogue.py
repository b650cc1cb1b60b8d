"""The methods by name: here, and only here, a string becomes an object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import jax.numpy as jnp

from latentda.assimilation import GaussNewton, Instant, StrongConstraint, Variational, WeakConstraint, Window
from latentda.files import files_digest
from latentda.forecast import ForecastModel
from latentda.operators import Covariance, Scaled
from latentda.priors import HybridPrior, LatentPrior, ModelSpacePrior
from latentda.world.folder import Assets

Prior = ModelSpacePrior | LatentPrior | HybridPrior


def _three_d_var(assets: Assets, factor: float) -> Prior:
    return ModelSpacePrior(_scaled(assets.model_space_error, factor))


def _three_d_var_zonal(assets: Assets, factor: float) -> Prior:
    return ModelSpacePrior(_scaled(assets.model_space_zonal, factor))


def _latent(assets: Assets, factor: float) -> LatentPrior:
    return LatentPrior(assets.increment_code, _scaled(assets.latent_error, factor))


def _hybrid(assets: Assets, factor: float) -> Prior:
    return HybridPrior((_latent(assets, factor), ModelSpacePrior(_scaled(assets.unrepresented_error, factor))))


def _latent_diagonal(assets: Assets, factor: float) -> Prior:
    return LatentPrior(assets.code, _scaled(assets.latent_diagonal, factor))


def _published(assets: Assets, factor: float) -> Prior:
    return LatentPrior(assets.code, _scaled(assets.latent_diagonal, factor), form="published")


METHODS: Mapping[str, Callable[[Assets, float], Prior] | None] = {
    "free_run": None,
    "3dvar": _three_d_var,
    "3dvar_zonal": _three_d_var_zonal,
    "latent_3dvar": _latent,
    "hybrid_3dvar": _hybrid,
    "latent_3dvar_diagonal": _latent_diagonal,
    "latent_3dvar_published": _published,
    "4dvar": _three_d_var,
    "latent_4dvar": _latent,
    "hybrid_4dvar": _hybrid,
    "weak_4dvar": _three_d_var,
    "latent_weak_4dvar": _latent,
    "latent_4dvar_learned": _latent,
}
"""Methods by name; each builds its prior from assets and a factor on background-error variances."""

TITLES: Mapping[str, str] = {
    "free_run": "no assimilation",
    "3dvar": "3D-Var",
    "3dvar_zonal": "3D-Var, zonal-block B",
    "latent_3dvar": "latent 3D-Var",
    "hybrid_3dvar": "latent + remainder 3D-Var",
    "latent_3dvar_diagonal": "latent 3D-Var, diagonal B",
    "latent_3dvar_published": "latent 3D-Var, as published",
    "4dvar": "4D-Var",
    "latent_4dvar": "latent 4D-Var",
    "hybrid_4dvar": "latent + remainder 4D-Var",
    "weak_4dvar": "weak-constraint 4D-Var",
    "latent_weak_4dvar": "latent weak-constraint 4D-Var",
    "latent_4dvar_learned": "latent 4D-Var, learned model",
}
"""The same in words."""


FOUR_D = frozenset(name for name in METHODS if "4dvar" in name)
"""Methods in four dimensions: observations of several slots at once, linked by the model; the control is the state at
the window's start."""

WEAK = frozenset(name for name in FOUR_D if "weak" in name)
"""Those whose model may err, so that the forecast to every slot has a control of its own."""

LEARNED = frozenset(name for name in FOUR_D if "learned" in name)
"""Those in whose window the learned step of codes takes the model's place: the cycle's forecasts are the model's."""

MODEL_ERROR = 0.04
"""Variance of what the imperfect model errs in 12 h from a true state, over that of the background error: median over
the channels, of seven dates."""

_OWN_FILES: Mapping[str, tuple[str, ...]] = {
    "3dvar_zonal": ("model_zonal",),
    "latent_3dvar": ("latent", "divergent_wind"),
    "hybrid_3dvar": ("latent", "divergent_wind", "unrepresented"),
    "latent_3dvar_diagonal": ("latent_diagonal",),
    "latent_3dvar_published": ("latent_diagonal",),
    "latent_4dvar": ("latent", "divergent_wind"),
    "hybrid_4dvar": ("latent", "divergent_wind", "unrepresented"),
    "latent_weak_4dvar": ("latent", "divergent_wind"),
    "latent_4dvar_learned": ("latent", "divergent_wind"),
}
"""Files of background errors that a method reads beside that of 3D-Var, which screens observations for all."""


def method_files(name: str, assets: Assets) -> tuple[Path, ...]:
    """The files of the assets on which a method's results depend."""
    own = [assets.error_folder / f"{error}.safetensors" for error in ("model", *_OWN_FILES.get(name, ()))]
    latent = name.startswith(("latent", "hybrid"))
    network = [assets.folder / "autoencoder.safetensors"] if latent else []
    learned = [assets.latent_surrogate_file] if name in LEARNED else []
    return (assets.folder / "standardizer.safetensors", *network, *learned, *own)


def method_digest(name: str, assets: Assets) -> str:
    """A digest of those files: results of a method hold as long as it is the same.

    Raises:
        ValueError: the assets lack one of the files.
    """
    files = method_files(name, assets)
    absent = [path.name for path in files if not path.exists()]
    if absent:
        raise ValueError(
            f"{assets.folder} has no {', '.join(absent)}, which '{name}' needs; 'latentda train' and 'latentda "
            "estimate' make such files (--zonal-model-space that of '3dvar_zonal')."
        )
    return files_digest(files)


def require_methods(names: Sequence[str]) -> None:
    """Check names before anything long starts.

    Raises:
        ValueError: unknown name, or no name, with the known ones listed.
    """
    unknown = [name for name in names if name not in METHODS]
    if unknown or not names:
        raise ValueError(f"Unknown method {', '.join(unknown) or '(none)'}; there are {', '.join(METHODS)}.")


def build_method(
    name: str,
    assets: Assets,
    *,
    factor: float = 1.0,
    iterations: int = 40,
    outer_loops: int = 1,
    climate: Covariance | None = None,
    model: ForecastModel | None = None,
    slots: tuple[int, ...] = (0, 12),
) -> Variational | None:
    """The analysis method of a name; None for the run without assimilation.

    Args:
        name: a key of :data:`METHODS`.
        assets: scales, network and background errors.
        factor: on the background error's variances.
        iterations: the minimiser's budget, the same for every method.
        outer_loops: linearisations that share it: one will do where increments are as small as forecast errors.
        climate: the error of the model's climate, beside the background error and scaled with it.
        model: that links the slots of a method in four dimensions.
        slots: of such a method (h).

    Raises:
        ValueError: unknown name, with the known ones listed, or a window without a model.
    """
    require_methods([name])
    if name in FOUR_D and model is None:
        raise ValueError(f"The window of '{name}' needs a forecast model; use it in 'latentda experiment run'.")
    build = METHODS[name]
    if build is None:
        return None
    prior = build(assets, factor)
    if name in LEARNED:
        model = assets.latent_surrogate
    window: Window = Instant()
    if name in WEAK and model is not None:
        model_error = build(assets, MODEL_ERROR * (slots[1] - slots[0]) / 12)
        window = WeakConstraint(model, slots, model_error, assets.standardizer)
    elif name in FOUR_D and model is not None:
        window = StrongConstraint(model, slots)
    if climate is not None:
        parts = prior.parts if isinstance(prior, HybridPrior) else (prior,)
        prior = HybridPrior((*parts, ModelSpacePrior(_scaled(climate, factor))))
    return Variational(prior, assets.standardizer, window, GaussNewton(iterations, outer_loops))


def _scaled(covariance: Covariance, factor: float) -> Covariance:
    return Scaled(covariance, jnp.float32(factor))
