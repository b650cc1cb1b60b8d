"""Reforecasts: forecasts of one lead from many states of a store, written under their valid times.

    x_f(t + lead) = M(x(t)),    t = the store's times of a period, every stride-th

What an autoencoder or a climatology of the *model* learns from, where that of the atmosphere is not to be had.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy import ndarray

from latentda.fields import StateWriter, StoreSampler, open_store
from latentda.forecast.model import ForecastModel
from latentda.grid import datetime_of_hours
from latentda.progress import Track, silent
from latentda.runs.identity import digest
from latentda.runs.lock import only_writer
from latentda.user_error import UserError

PIECE = 8
"""Forecasts between two writes."""


def reforecast(
    model: ForecastModel, initial: StoreSampler, lead_hours: int, out: str | Path, *, track: Track = silent
) -> Path:
    """Make the forecasts; an interrupted run into the same store goes on, and repeats at most two pieces.

    Args:
        model: the forecast model.
        initial: the initial states, in the model's layout.
        lead_hours: of every forecast, a positive multiple of the model's step.
        out: Zarr store to write; another process that writes it is waited for.
        track: shows progress.

    Raises:
        UserError: a lead that the model cannot make, a store of other forecasts, or one that cannot be written to.
    """
    if lead_hours <= 0:
        raise UserError(f"A reforecast has a lead of some hours; got {lead_hours}.")
    with only_writer(out):
        _reforecast(model, initial, lead_hours, Path(out), track)
    return Path(out)


def _reforecast(model: ForecastModel, initial: StoreSampler, lead_hours: int, out: Path, track: Track) -> None:
    _, _, hours = initial.open()
    valid = _as_times(hours + lead_hours)
    attributes = {"lead_hours": lead_hours, "initial_states": Path(initial.path).name, "model": digest(model)}
    done = max(0, _written(out, valid, attributes) // PIECE - 1)
    writer = StateWriter(out, model.layout, keep=PIECE * done)
    pieces = -(-len(hours) // PIECE)
    left = initial.pieces(PIECE, skip=PIECE * done)
    for _ in track(range(done, pieces), f"forecasts ({PIECE} each)", pieces - done):
        starts, states = next(left)
        made = [model.propagate(x, int(h), (lead_hours,))[0] for h, x in zip(starts, states, strict=True)]
        writer.append(np.stack([np.asarray(x) for x in made]), _as_times(starts + lead_hours), attributes)


def _written(out: Path, valid: ndarray, attributes: dict) -> int:
    """How many of the forecasts a store already holds."""
    if not out.exists():
        return 0
    dataset = open_store(out)
    times = dataset["time"].values.astype(valid.dtype)
    same = {key: dataset.attrs.get(key) for key in attributes} == attributes
    if not same or len(times) > len(valid) or (times != valid[: len(times)]).any():
        raise UserError(f"{out} holds other forecasts; choose another store, or delete it.")
    return len(times)


def _as_times(hours: ndarray) -> ndarray:
    return np.asarray([datetime_of_hours(int(hour)) for hour in hours]).astype("datetime64[s]")
