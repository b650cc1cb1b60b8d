"""From states to scales, and from pairs of states to background errors: what a world of one's own is made of.

A pair is two states valid at one time whose difference stands for an error of the background: two forecasts of
different length, a forecast and its verification, or a climatological mean and a state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.fields import Location, StoreSampler, fit_standardizer, harmonics_told, write_standardizer
from latentda.grid import Layout, Time
from latentda.operators import BandLimit, Diagonal
from latentda.priors import (
    BackgroundError,
    ErrorForm,
    draw_increments,
    encode_pairs,
    error_sizes,
    errors_from_pairs,
    estimate_divergent_wind,
    latent_correlations,
    read_background_error,
    read_pairs,
    unrepresented_errors,
    write_background_error,
    write_divergent_wind,
)
from latentda.user_error import UserError
from latentda.world import WorldFolder
from latentda.world.settings import WORLD_FILE

Space = Literal["model", "latent", "both"]
"""Where background errors are estimated."""


def make_standardizer(
    data: Location,
    layout: Layout,
    start: Time | None,
    end: Time | None,
    out: Path,
    *,
    annual: int | None = None,
    diurnal: int | None = None,
) -> Path:
    """Fit climatology and scales to a period and write them.

    Every third state is enough, unless it always falls on the same hours of the day where all states do not.

    Args:
        data: the store.
        layout: the channels.
        start: of the period.
        end: its end, exclusive.
        out: the file.
        annual: harmonics of the year; None: as many as the states can tell apart, at most two.
        diurnal: harmonics of the day; None: one, where the states can tell it.
    """
    every = StoreSampler(data, layout, start, end)
    hours = every.open()[2]
    enough = harmonics_told(hours[::3], annual, diurnal) == harmonics_told(hours, annual, diurnal)
    sampler = replace(every, stride=3 if enough else 1)
    fitted = fit_standardizer(lambda: sampler.pieces(64), layout, annual=annual, diurnal=diurnal)
    write_standardizer(fitted, out)
    return out


@dataclass(frozen=True, eq=False)
class Estimated:
    """Background errors that were written.

    Attributes:
        paths: their files.
        notes: what was left out, or made in another form than usual, and why; a sentence each.
        pairs: they were estimated from.
        sizes: standard deviation of the pairs' differences, a channel, in its units.
    """

    paths: tuple[Path, ...]
    notes: tuple[str, ...]
    pairs: int
    sizes: Float[ndarray, " channel"]


def make_background_errors(
    pairs_file: Path,
    world: WorldFolder,
    *,
    localization_radius_km: float | None = None,
    smooth_sd: float = 0.5,
    zonal_model_space: bool = False,
    space: Space = "both",
) -> Estimated:
    """Estimate and write into the world's folder the background errors that its layout and its code allow.

    Args:
        pairs_file: from :func:`write_pairs`.
        world: scales and network.
        localization_radius_km: where correlations end that are no harmonics'; by default as in
            :mod:`latentda.priors.forms`.
        smooth_sd: weight of zonal-mean variances in the position-dependent ones, in either space.
        zonal_model_space: make the inhomogeneous background error of model space too (200 MB on disk for T31).
        space: in which; both is latent space only where the world has a trained code.

    Raises:
        UserError: pairs of another layout or too few of them, a code that is missing, or too little memory.
    """
    pairs, layout, scale = _pairs_of(pairs_file, world), world.layout, np.asarray(world.standardizer.scale)
    form = ErrorForm(layout, scale, localization_radius_km, smooth_sd)
    errors = errors_from_pairs(pairs)
    found: dict[str, tuple[BackgroundError, dict[str, Any]]] = {}
    notes: list[str] = []
    if space != "latent":
        found["model"] = form.model_space(errors), {}
        if form.without_harmonics is not None:
            notes.append(f"Localised samples take the place of a balanced background error. {form.without_harmonics}")
        if zonal_model_space:
            found["model_zonal"] = form.zonal(errors), {}
    else:
        world.require("autoencoder")
    coded = space != "model" and world.has("autoencoder")
    if coded:
        encoded = encode_pairs(pairs, world.autoencoder)
        found |= _of_code(encoded, form, world.autoencoder.settings.patch)
    elif space != "model":
        notes.append(f"Nothing was estimated in latent space: {world.folder} has no trained autoencoder.")
    if coded and space == "both":
        found["unrepresented"] = _of_remainder(pairs, errors, encoded, form, world)
    about = {"pairs": len(pairs), "localization_radius_km": localization_radius_km, "smooth_sd": smooth_sd}
    for name, (covariance, facts) in found.items():
        write_background_error(covariance, world.file(name), about | facts)
    paths = [world.file(name) for name in found]
    if coded and world.settings.code.divergent_wind:
        file, note = _divergent_wind(errors, encoded[:, 0], world, about)
        paths, notes = paths + file, notes + note
    return Estimated(tuple(paths), tuple(notes), len(pairs), error_sizes(errors, layout.grid.area_weights) * scale)


def sizes_of_pairs(pairs_file: Path, world: WorldFolder) -> Float[ndarray, " channel"]:
    """Standard deviation of the pairs' differences, a channel, in its units."""
    errors = errors_from_pairs(_pairs_of(pairs_file, world))
    return error_sizes(errors, world.layout.grid.area_weights) * np.asarray(world.standardizer.scale)


def _pairs_of(file: Path, world: WorldFolder) -> ndarray:
    pairs = read_pairs(file)
    if pairs.shape[2:] != world.layout.shape:
        found, wanted = (" x ".join(map(str, shape)) for shape in (pairs.shape[2:], world.layout.shape))
        raise UserError(
            f"The states of {file} are of {found} numbers, those of the world in {world.folder} of {wanted}; make the "
            "pairs anew with this world."
        )
    return pairs


def _of_code(codes: ndarray, form: ErrorForm, patch: int) -> dict[str, tuple[BackgroundError, dict[str, Any]]]:
    """The structured and the diagonal error of encoded pairs."""
    errors = errors_from_pairs(codes)
    periodic = form.layout.grid.periodic
    facts = {"off_diagonal_correlations": latent_correlations(errors).to_dict()} if periodic else {}
    diagonal = Diagonal(jnp.asarray(errors.std(axis=0, ddof=1)))
    return {"latent": (form.latent_space(errors, patch), {}), "latent_diagonal": (diagonal, facts)}


def _of_remainder(
    pairs: ndarray, errors: ndarray, codes: ndarray, form: ErrorForm, world: WorldFolder
) -> tuple[BackgroundError, dict[str, Any]]:
    """The error, in model space, of what the code leaves."""
    rest = unrepresented_errors(pairs, codes, world.code)
    missed, every = (np.mean(np.square(x), axis=(0, 2, 3)) for x in (rest, errors))
    return form.model_space(rest), {"share_of_error_variance": round(float(np.mean(missed / every)), 4)}


def _divergent_wind(
    errors: ndarray, codes: ndarray, world: WorldFolder, about: dict[str, Any]
) -> tuple[list[Path], list[str]]:
    """Write the divergent wind that belongs to decoded increments, or say why there is none."""
    try:
        limit = BandLimit(world.layout, np.asarray(world.standardizer.scale))
    except UserError as error:
        return [], [f"No divergent wind, which the code's settings in {WORLD_FILE} ask for, was estimated: {error}"]
    latent, file = read_background_error(world.file("latent")), world.file("divergent_wind")
    draws = draw_increments(world.autoencoder.decode, jnp.asarray(codes), latent.sample)
    write_divergent_wind(estimate_divergent_wind(errors, draws, limit), file, about)
    return [file], []
