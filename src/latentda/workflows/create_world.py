"""A world of one's own from a store of states: layout, climatology and scales, orography, and ``world.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import yaml

from latentda.fields import (
    FieldsError,
    Location,
    Standardizer,
    StoreSampler,
    layout_of_store,
    open_store,
    read_standardizer,
    read_states,
)
from latentda.files import write_text
from latentda.grid import BY_STORED_NAME, Layout, Time, Variable, datetime_of_hours, iso
from latentda.progress import Track, silent
from latentda.runs.lock import only_process
from latentda.user_error import UserError
from latentda.workflows.estimate import make_standardizer
from latentda.world.orography import UNKNOWN, surface_of_store, write_orography
from latentda.world.settings import WORLD_FILE, ModelSettings, WorldSettings

STATIC = "zs"
"""The variable of a store that is a world's orography, never part of its states."""

COMPARED = 12
"""States that are looked at to see which variables of a store vary."""


@dataclass(frozen=True, eq=False)
class CreatedWorld:
    """What was found in a store and made of it.

    Attributes:
        folder: of the world.
        settings: what its ``world.yaml`` says.
        standardizer: climatology and scales, and with them the layout.
        period: first and last time of the states, in words.
        states: how many there are.
        left_out: variables of the store that are no part of the world's states, and why.
        orography: where it comes from; empty where there is none.
    """

    folder: Path
    settings: WorldSettings
    standardizer: Standardizer
    period: str
    states: int
    left_out: dict[str, str]
    orography: str

    @property
    def layout(self) -> Layout:
        """Of the world's states."""
        return self.standardizer.layout


def create_world(
    folder: str | Path,
    data: Location,
    *,
    variables: Sequence[str] = (),
    levels: Sequence[float] = (),
    orography: Location | None = None,
    start: Time | None = None,
    end: Time | None = None,
    annual: int | None = None,
    diurnal: int | None = None,
    track: Track = silent,
) -> CreatedWorld:
    """Make the folder of a world from a store of states.

    Args:
        folder: of the world; made if it is not there, and must not hold another world.
        data: the store (Zarr, NetCDF, GRIB; a path or a URL).
        variables: short or stored names of the state's; none: every known one that varies.
        levels: hPa or sigma; none: all.
        orography: a store of it; by default the one in ``data``, where there is one.
        start: of the period that climatology and scales are fitted to.
        end: its end, exclusive.
        annual: harmonics of the year; None: as many as the states can tell, at most two.
        diurnal: harmonics of the day; None: one, where the states can tell it.
        track: shows progress.

    Raises:
        UserError: a store that cannot be read, a variable or level that it lacks, states that have surface pressure
            but no orography, or a folder that holds another world.
    """
    place = Path(folder)
    dataset = open_store(data)
    chosen, left_out = _chosen(dataset, variables, levels)
    layout = layout_of_store(dataset, chosen, levels or None)
    surface, source = _surface(data, dataset, layout, orography)
    hours = StoreSampler(data, layout, start, end).open()[2]
    model = ModelSettings("persistence", {"step_hours": interval_of(hours)})
    settings = WorldSettings(
        place.resolve().name, interval_of(hours), layout.variables, layout.vertical.levels, model=model
    )
    with only_process(place):
        _require_new(place)
        place.mkdir(parents=True, exist_ok=True)
        standardizer = make_standardizer(
            data, layout, start, end, place / "standardizer.safetensors", annual=annual, diurnal=diurnal
        )
        if source:
            write_orography(surface, place / "orography.safetensors")
        # Last, since a folder with this file is a world.
        write_text(place / WORLD_FILE, described(settings))
    period = " to ".join(iso(datetime_of_hours(hour)) for hour in hours[[0, -1]])
    return CreatedWorld(place, settings, read_standardizer(standardizer), period, len(hours), left_out, source)


def interval_of(hours: np.ndarray) -> int:
    """The usual interval (h) of states at times; 6 of a single one."""
    steps = np.diff(hours)
    return int(np.median(steps)) if steps.size else 6


def described(settings: WorldSettings) -> str:
    """Settings as the text of a ``world.yaml``, every entry with its value."""
    content = {**asdict(settings), "variables": list(settings.variables), "levels": list(settings.levels)}
    told = yaml.safe_dump(_plain(content), sort_keys=False, default_flow_style=None, width=110)
    return f"# A world of latentda; docs/worlds.md says what every entry means.\n{told}"


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    return [_plain(value) for value in content] if isinstance(content, list | tuple) else content


def _require_new(place: Path) -> None:
    if (place / WORLD_FILE).exists():
        raise UserError(f"{place} is a world already; name another folder, or delete that one.")


def _chosen(
    dataset: xr.Dataset, variables: Sequence[str], levels: Sequence[float]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Names of the state's variables, and why others of the store are none."""
    known = [item for item in BY_STORED_NAME.values() if item.stored in dataset.data_vars]
    left_out = {str(name): "not known" for name in dataset.data_vars if name not in BY_STORED_NAME}
    if variables:
        kept = layout_of_store(dataset, variables, levels or None).variables
        left_out |= {item.stored: "not asked for" for item in known if item.short not in kept and item.short != STATIC}
        return kept, left_out
    varying: list[str] = []
    for item in known:
        reason = "the orography" if item.short == STATIC else _fault(dataset, item, levels)
        if reason:
            left_out[item.stored] = reason
        else:
            varying.append(item.short)
    if not varying:
        raise FieldsError(f"The store holds no known variable that varies: {', '.join(map(str, dataset.data_vars))}.")
    return tuple(varying), left_out


def _fault(dataset: xr.Dataset, item: Variable, levels: Sequence[float]) -> str:
    """Why a variable cannot be part of a state; empty where it can."""
    if "time" not in dataset[item.stored].dims:
        return "has no time"
    layout = layout_of_store(dataset, [item.short], levels or None)
    count = dataset.sizes["time"]
    some = np.unique(np.linspace(0, count - 1, min(COMPARED, count)).astype(int))
    try:
        states = read_states(dataset, layout, some)
    except FieldsError as error:
        return f"cannot be read: {error}" if "NaN" not in str(error) else "holds missing values"
    if (states == states[:1]).all():
        return "does not vary"
    return ""


def _surface(data: Location, dataset: xr.Dataset, layout: Layout, orography: Location | None) -> tuple[np.ndarray, str]:
    """The surface geopotential of a layout's grid, and where it comes from."""
    if orography is not None:
        return surface_of_store(orography, layout), str(orography)
    if "geopotential_at_surface" in dataset:
        return surface_of_store(data, layout), str(data)
    if "sp" in layout.variables:
        raise UserError(
            "States with surface pressure need the orography that they stand on: give --orography, or leave "
            "surface_pressure out with --variables."
        )
    return np.full(layout.grid.shape, UNKNOWN, np.float32), ""
