"""From states to scales, and from pairs of states to background errors: what a world of one's own is made of.

A pair is two states valid at one time whose difference stands for an error of the background: two forecasts of
different length, a forecast and its verification, or a climatological mean and a state.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from latentda.fields import Location, StoreSampler, fit_standardizer, harmonics_told, write_standardizer
from latentda.grid import Layout, Time
from latentda.operators import BandLimit, Diagonal, SphericalTransform, estimate_zonal_blocks
from latentda.priors import (
    BackgroundError,
    draw_increments,
    encode_pairs,
    errors_from_pairs,
    estimate_balanced,
    estimate_divergent_wind,
    latent_correlations,
    read_pairs,
    unrepresented_errors,
    write_background_error,
    write_divergent_wind,
)
from latentda.world import WorldFolder


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


def make_background_errors(
    pairs_file: Path,
    world: WorldFolder,
    *,
    localization_radius_km: float = 12000.0,
    smooth_sd: float = 0.5,
    zonal_model_space: bool = False,
) -> tuple[Path, ...]:
    """Estimate and write the background errors of both spaces into the world's folder.

    Args:
        pairs_file: from :func:`write_pairs`.
        world: scales and network.
        localization_radius_km: where the correlations of zonal blocks end, in either space.
        smooth_sd: weight of zonal-mean variances in the position-dependent ones, in either space.
        zonal_model_space: make the inhomogeneous background error of model space too (200 MB on disk for T31).
    """
    pairs = read_pairs(pairs_file)
    layout, scale = world.layout, np.asarray(world.standardizer.scale)
    about = {"pairs": len(pairs), "localization_radius_km": localization_radius_km, "smooth_sd": smooth_sd}
    network = world.autoencoder
    encoded = encode_pairs(pairs, network)
    errors, codes = errors_from_pairs(pairs), errors_from_pairs(encoded)
    rest = unrepresented_errors(pairs, encoded, world.code)
    share = float(np.mean(np.mean(rest**2, axis=(0, 2, 3)) / np.mean(errors**2, axis=(0, 2, 3))))
    balanced = partial(estimate_balanced, scale=scale, layout=layout, smooth_sd=smooth_sd)
    blocks = partial(estimate_zonal_blocks, localization_radius_km=localization_radius_km, smooth_sd=smooth_sd)
    latitude = np.asarray(layout.grid.latitude)
    padding = codes.shape[2] * network.settings.patch - latitude.size
    rows = np.pad(latitude, (0, padding), "edge").reshape(codes.shape[2], -1).mean(axis=1)
    found: dict[str, tuple[BackgroundError, dict[str, Any]]] = {
        "model": (balanced(errors), {}),
        "latent": (blocks(codes, rows), {}),
        "latent_diagonal": (
            Diagonal(jnp.asarray(codes.std(axis=0, ddof=1))),
            {"off_diagonal_correlations": latent_correlations(codes).to_dict()},
        ),
        "unrepresented": (balanced(rest), {"share_of_error_variance": round(share, 4)}),
    }
    if zonal_model_space:
        resolved = SphericalTransform(layout.grid).truncation + 1
        found["model_zonal"] = (blocks(errors, latitude, wavenumbers=resolved), {})
    paths = []
    for name, (covariance, facts) in found.items():
        paths.append(world.file(name))
        write_background_error(covariance, paths[-1], about | facts)
    draws = draw_increments(network.decode, jnp.asarray(encoded[:, 0]), world.error("latent").sample)
    wind = estimate_divergent_wind(errors, draws, BandLimit(layout, scale))
    paths.append(world.file("divergent_wind"))
    write_divergent_wind(wind, paths[-1], about)
    return tuple(paths)
