"""Long runs of the embedded world, written to a store and restartable after a kill.

The run continues in the model's own spectral state, not through grid points. Beside the store lies
one small restart file, replaced whole after every piece; a killed run repeats at most one piece.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from latentda.fields import StateWriter
from latentda.files import files_digest, fitting, read_arrays, write_arrays
from latentda.forecast.embedded.jcm import JcmModel, jcm_layout
from latentda.forecast.embedded.jcm_world import SIGMA, fields_from_native
from latentda.grid import Layout, Time, build_layout, datetime_of_hours, hours_since_1970
from latentda.progress import Track, silent
from latentda.runs.lock import only_writer
from latentda.user_error import UserError

PIECE_HOURS = 120
"""Hours integrated between two writes: five days, one compilation."""

MEAN_SURFACE_PRESSURE = 9.845e4
"""Area mean of surface pressure (Pa) of the real atmosphere over its orography."""

KIND = "restart of the embedded world"

_SPECTRAL = ("vorticity", "divergence", "temperature_variation", "log_surface_pressure")


def simulation_layout() -> Layout:
    """What a simulation stores: the state's 31 channels and geopotential on the 8 levels."""
    state = jcm_layout()
    levels = {name: state.levels_of(name) for name in ("u", "v", "t", "q")}
    return build_layout(state.grid, state.vertical, {**levels, "z": SIGMA}, ["sp"])


def simulate(
    model: JcmModel,
    days: int,
    out: str | Path,
    *,
    start: Time | None = None,
    every_hours: int = 6,
    initial: str | Path | None = None,
    track: Track = silent,
) -> Path:
    """Run the embedded world and write its fields every ``every_hours``.

    Args:
        model: the world to run.
        days: length of the run; a multiple of 5.
        out: Zarr store to write; if a run into it was interrupted, it goes on. Another process that writes it is waited
            for.
        start: first date; by default that of the initial state.
        every_hours: interval of the stored states.
        initial: restart file to start from; by default the spun-up state in the package.
        track: shows progress.

    Returns:
        The store's path.

    Raises:
        UserError: a length that is no multiple of five days, a store of another run, or one that cannot be written to.
    """
    if days <= 0 or (24 * days) % PIECE_HOURS:
        raise UserError(f"A simulation runs in pieces of {PIECE_HOURS // 24} days; got {days} days.")
    with only_writer(out):
        _simulate(model, days, Path(out), start, every_hours, initial, track)
    return Path(out)


def _simulate(
    model: JcmModel,
    days: int,
    out: Path,
    start: Time | None,
    every_hours: int,
    initial: str | Path | None,
    track: Track,
) -> None:
    restart = restart_file(out)
    first = Path(initial or spun_up_state())
    if not first.is_file():
        raise UserError(f"There is no restart file {first} to start from.")
    settings = {"physics": dict(model.physics), "every_hours": every_hours, "initial": files_digest([first])}
    if restart.exists():
        native, carry, header = read_restart(model, restart)
        with fitting(restart, KIND):
            _require_same(out, header, settings, start)
    else:
        native, carry, header = read_restart(model, first)
        begin = int(hours_since_1970(start)) if start is not None else header["hours"]
        header = {"hours": begin, "begin": begin, "written": 0, "settings": settings}
    writer = StateWriter(out, simulation_layout(), keep=header["written"])
    attributes = {"title": "latentda embedded world", "physics": json.dumps(dict(model.physics))}
    done = (header["hours"] - header["begin"]) // PIECE_HOURS
    for _ in track(
        range(done, 24 * days // PIECE_HOURS),
        "simulating (5 days each)",
        24 * days // PIECE_HOURS - done,
    ):
        native, carry, states = _advance(model, native, carry, header["hours"], every_hours)
        offsets = every_hours * (1 + np.arange(PIECE_HOURS // every_hours))
        times = datetime_of_hours(header["hours"]) + offsets * np.timedelta64(1, "h")
        writer.append(np.asarray(states), times, attributes)
        header = header | {"hours": header["hours"] + PIECE_HOURS, "written": writer.written}
        write_restart(restart, native, carry, header)


def _require_same(out: Path, header: dict[str, Any], settings: dict[str, Any], start: Time | None) -> None:
    stored = {**header["settings"], "start": str(datetime_of_hours(header["begin"]))}
    begin = header["begin"] if start is None else int(hours_since_1970(start))
    wanted = {**settings, "start": str(datetime_of_hours(begin))}
    other = [name for name in wanted if stored.get(name) != wanted[name]]
    if other:
        told = "; ".join(f"{name} {stored.get(name)}, now {wanted[name]}" for name in other)
        raise UserError(f"{out} belongs to another run ({told}); choose another name.")


def restart_file(out: Path) -> Path:
    """Where the restart file of a store lies: beside it."""
    return out.with_name(out.name + ".restart")


def write_restart(path: Path, native: Any, carry: Any, header: dict[str, Any]) -> None:
    """Write a spectral state, its physics memory (or None) and a header, whole or not at all."""
    arrays = {name: np.asarray(getattr(native, name)) for name in _SPECTRAL}
    arrays["specific_humidity"] = np.asarray(native.tracers["specific_humidity"])
    if carry is not None:
        leaves = jax.tree.leaves(carry)
        arrays |= {f"carry_{i:04d}": np.asarray(leaf) for i, leaf in enumerate(leaves)}
    write_arrays(path, KIND, arrays, header)


def read_restart(model: JcmModel, path: str | Path) -> tuple[Any, Any, dict[str, Any]]:
    """Read what :func:`write_restart` wrote: (spectral state, physics memory, header).

    Raises:
        UserError: the file is no restart file of this model.
    """
    arrays, header = read_arrays(path, KIND)
    world = model._world
    carry = world.model.initial_physics_carry()
    leaves, tree = jax.tree.flatten(carry)
    with fitting(path, KIND):
        humidity, fields = arrays["specific_humidity"], {name: jnp.asarray(arrays[name]) for name in _SPECTRAL}
        if "carry_0000" in arrays:
            stored = [arrays[f"carry_{i:04d}"] for i in range(len(leaves))]
            carry = jax.tree.unflatten(
                tree, [jnp.asarray(s, jnp.asarray(p).dtype) for s, p in zip(stored, leaves, strict=True)]
            )
    native = world.model.initial_state()
    tracers = {"specific_humidity": jnp.asarray(humidity)}
    return native.replace(sim_time=jnp.float32(0.0), tracers=tracers, **fields), carry, header


def spun_up_state() -> Path:
    """The spun-up spectral state shipped with the package (2000-01-01 00 UTC)."""
    return Path(str(resources.files("latentda.forecast.embedded") / "data" / "spun_up.safetensors"))


def initial_fields(model: JcmModel, path: str | Path | None = None) -> tuple[np.ndarray, np.datetime64]:
    """Grid-point fields and date of a restart file (default: the shipped one)."""
    native, _, header = read_restart(model, path or spun_up_state())
    fields = fields_from_native(model._world.model.dycore.to_physics_state(native))
    return np.asarray(fields), datetime_of_hours(header["hours"])


def write_start(model: JcmModel, restart: str | Path, out: str | Path) -> Path:
    """Keep of a restart file what a new run starts from, without the memory of physics: 0.3 MB."""
    native, _, header = read_restart(model, restart)
    write_restart(Path(out), native, None, {"hours": header["hours"]})
    return Path(out)


def write_rest(model: JcmModel, start: Time, out: str | Path) -> Path:
    """Write an atmosphere at rest over the orography, its mass that of the real one, to spin up from.

    The model's own state of rest has 1000 hPa over its orography, which is 28 hPa too much at sea level; ln p_s is
    shifted so that the area mean of surface pressure is :data:`MEAN_SURFACE_PRESSURE`.
    """
    world = model._world
    native = world.model.initial_state()
    horizontal = world.model.coords.horizontal
    pressure = fields_from_native(world.model.dycore.to_physics_state(native))[-1]
    mean = float(np.mean(np.asarray(pressure) * model.layout.grid.area_weights))
    shifted = horizontal.to_nodal(native.log_surface_pressure) + np.log(MEAN_SURFACE_PRESSURE / mean)
    native = native.replace(log_surface_pressure=horizontal.to_modal(shifted))
    write_restart(Path(out), native, None, {"hours": int(hours_since_1970(start))})
    return Path(out)


def _advance(model: JcmModel, native: Any, carry: Any, hours: int, every_hours: int) -> tuple[Any, Any, jax.Array]:
    run, fields = model._world.integrate(native, hours, PIECE_HOURS, carry, every_hours)
    states = fields_from_native(fields)
    geopotential = jnp.swapaxes(fields.geopotential, -1, -2)
    stored = jnp.concatenate([states[:, :-1], geopotential, states[:, -1:]], axis=1)
    return run.dynamics.replace(sim_time=jnp.float32(0.0)), run.physics, stored
