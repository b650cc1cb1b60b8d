"""Cycles kept in a folder: each finished one is a file, and a run that was killed goes on from the last complete one.

A note beside the files says which run they are of, and another run does not go on from them. What a method hands on
beside its analysis, such as members, is in files of its own, of which only the last two are kept: it may be far larger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.assimilation import AnalysisMethod
from latentda.assimilation.feedback import feedback_file
from latentda.cycling.cycle import Cycle, CycleSettings, Observe
from latentda.cycling.cycler import Adapt, Cycler
from latentda.files import fitting, read_arrays, write_arrays
from latentda.observations import write_table
from latentda.progress import Track, silent
from latentda.runs.claim import claim
from latentda.runs.identity import identity_of
from latentda.runs.lock import only_process
from latentda.user_error import UserError

KIND = "cycle"
"""Kind of file."""

CARRIED = "carried."
"""Begins the names of arrays that a method carries beside the analysis."""

CARRIED_KEPT = 2
"""Files of what was carried that are kept: a run can go on from each of them."""


def run_cycles(
    cycler: Cycler,
    background: Float[ndarray, "*member channel lat lon"],
    observe: Observe,
    settings: CycleSettings,
    *,
    folder: str | Path | None = None,
    identity: Mapping[str, Any] | None = None,
    keep_feedback: bool = False,
    adapt: Adapt | None = None,
    name: str = "cycling",
    track: Track = silent,
) -> Iterator[Cycle]:
    """Cycle from a physical background valid at the first analysis time; what is finished in the folder comes first.

    Args:
        cycler: model, intake and method.
        background: x_b of the first cycle, or members of it for a method that carries members.
        observe: the observations of a time.
        settings: when and how often.
        folder: where to keep finished cycles and to resume from; nothing is kept without it. Another process that
            works there is waited for.
        identity: plain values that tell this run from others in its folder, such as digests of the files that it
            depends on; start and interval are among them anyway. By default the digits of background, model, intake
            and method, whatever they were computed from, and nothing of ``observe``.
        keep_feedback: whether every cycle's observations are kept there too, with what became of them.
        adapt: makes method and intake of each window from its background; it must depend on nothing else than that and
            the observations, or a run that goes on would not be the one that was killed.
        name: what the progress display says.
        track: shows progress.

    Returns:
        The cycles one by one, without tables.

    Raises:
        AnalysisError: a background that is not finite: the forecast has blown up; or an analysis that has failed.
        UserError: ``folder`` holds another run or other files, or cannot be written to.
    """
    if folder is None:
        carried = cycler.method.init(background)
        windows = cycler.windows(settings)
        tracked = track(windows, name, len(windows))
        for cycle in islice(cycler.cycles(carried, observe, tracked, adapt=adapt), settings.cycles):
            yield _without_tables(cycle)
        return
    place = Path(folder)
    with only_process(place):
        own = identity if identity is not None else _identity(cycler, background)
        note = {"start_hours": settings.start_hours, "interval_hours": settings.interval_hours, **own}
        claim(place, note, what="run")
        done, last = 0, None
        for cycle in _finished(place, settings, len(cycler.method.lead_hours)):
            done, last = done + 1, cycle
            yield _without_tables(cycle)
        carried = restored(cycler.method, last.analysis, last.carried) if last else cycler.method.init(background)
        windows = cycler.windows(settings, done)
        tracked, since = track(windows, name, len(windows)), last.hours if last else None
        cycles = cycler.cycles(carried, observe, tracked, since=since, adapt=adapt)
        for k, cycle in enumerate(cycles, start=done):
            told = cycle.feedback() if keep_feedback else None
            if told is not None and told.num_rows:
                write_table(told, feedback_file(place, k))
            _write(place, k, cycle)
            if k < settings.cycles:
                yield _without_tables(cycle)


def _without_tables(cycle: Cycle) -> Cycle:
    """What of a cycle fits into memory many times."""
    return replace(cycle, table=None, first_guess=None, intake=None, carried=None)


def carried_arrays(carried: Any, analysis: Float[ndarray, "channel lat lon"]) -> dict[str, ndarray]:
    """What is carried beside an analysis, as named arrays.

    None where all that is carried is what ``method.init`` makes of the analysis: one state and arrays without elements.
    """
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(carried)]
    rest = [leaf for leaf in leaves if leaf.size > 1]
    if len(rest) <= 1 and all(np.array_equal(leaf.ravel(), np.ravel(analysis)) for leaf in rest):
        return {}
    return {f"{CARRIED}{k}": leaf for k, leaf in enumerate(leaves)}


def restored(method: AnalysisMethod, analysis: Float[ndarray, "channel lat lon"], arrays: Mapping[str, ndarray]) -> Any:
    """What a method carried: from an analysis, and from the arrays that :func:`carried_arrays` made beside it."""
    carried = method.init(analysis)
    leaves = [jnp.asarray(arrays[name]) for name in sorted(arrays, key=lambda name: int(name.removeprefix(CARRIED)))]
    return jax.tree.unflatten(jax.tree.structure(carried), leaves) if leaves else carried


def _identity(cycler: Cycler, background: Float[ndarray, "*member channel lat lon"]) -> dict[str, Any]:
    parts = identity_of(
        background=np.asarray(background, np.float32), model=cycler.model, intake=cycler.intake, method=cycler.method
    )
    return {**parts, "offsets": cycler.offsets}


def _file(folder: Path, k: int) -> Path:
    return folder / f"cycle_{k:05d}.safetensors"


def _carried_file(folder: Path, k: int) -> Path:
    return folder / f"carried_{k:05d}.safetensors"


def _write(folder: Path, k: int, cycle: Cycle) -> None:
    carried = carried_arrays(cycle.carried, cycle.analysis)
    if carried:  # before the cycle, which is not complete without it
        write_arrays(_carried_file(folder, k), KIND, carried)
    states = {"background": cycle.background, "analysis": cycle.analysis, "spread": cycle.spread}
    arrays = {name: np.asarray(state, np.float32) for name, state in states.items() if state is not None}
    about = {"hours": cycle.hours, "facts": cycle.facts, "carries": bool(carried)}
    write_arrays(_file(folder, k), KIND, arrays, about)
    if carried:
        for old in sorted(folder.glob(_carried_file(folder, 0).name.replace("00000", "*")))[:-CARRIED_KEPT]:
            old.unlink()


def _finished(folder: Path, settings: CycleSettings, slots: int) -> Iterator[Cycle]:
    """The cycles of the windows that are complete, the last with what it carried as arrays."""
    count = 0
    while count < settings.cycles and _file(folder, count).exists():
        count += 1
    count -= count % slots
    for k in range(count):
        arrays, about = read_arrays(_file(folder, k), KIND)
        with fitting(_file(folder, k), KIND):
            states = arrays["background"], arrays["analysis"]
            carried = _carried(folder, k) if k == count - 1 and about["carries"] else {}
            facts, spread = about["facts"], arrays.get("spread")
            cycle = Cycle(about["hours"], *states, facts, carried=carried, spread=spread)
        yield cycle


def _carried(folder: Path, k: int) -> dict[str, ndarray]:
    if not _carried_file(folder, k).exists():
        raise UserError(
            f"{folder} lacks {_carried_file(folder, k).name}, from which the cycles go on; begin in another folder."
        )
    return read_arrays(_carried_file(folder, k), KIND)[0]
