"""Jobs side by side: worker processes that take one job after the other from a list.

Every worker is a spawned process with its own share of the cores, so that several numerical libraries do not fight for
all of them; it keeps what it has compiled from job to job. A job that fails, or whose process dies, is reported in one
sentence and the others go on. Of an error that the user cannot mend the traceback is kept in a file.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from latentda.files import write_text
from latentda.user_error import UserError, debugging

Tell = Callable[[int, int], None]
"""``tell(done, total)``: how far a job is."""

Work = Callable[[Any, Tell], None]
"""``work(job, tell)``: does one job; importable by its name, as a spawned process must find it."""

Log = Callable[[Any], Path]
"""``log(job)``: the file for the traceback of a job; importable as ``work``."""

Attempt = Callable[[Any, Tell], str]
"""``attempt(job, tell)``: does one job and says why it failed, or nothing."""

Listen = Callable[[int, int, int], None]
"""``listen(number of the job, done, total)``."""


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    connection: Connection
    cores: tuple[int, ...]
    job: int
    begun: bool = False
    done: int = 0


def run_jobs(
    jobs: Sequence[Any], work: Work, workers: int, listen: Listen, log: Log | None = None
) -> Mapping[int, str]:
    """Do all jobs; returns one sentence for each that failed, by its number.

    Args:
        jobs: picklable.
        work: does one.
        workers: processes; with one, this process does everything itself.
        listen: hears how far each job is.
        log: where the traceback of a job goes; without it to the standard error stream.
    """
    if workers <= 1 or len(jobs) <= 1:
        return _run_here(jobs, partial(_attempt, work, log), listen)
    attempt = partial(_attempt, work, log)
    waiting, failures = deque(range(len(jobs))), dict[int, str]()
    active: dict[Any, _Worker] = {}
    try:
        for cores in core_shares(min(workers, len(jobs))):
            _start(active, attempt, cores, jobs, waiting.popleft())
        while active:
            for connection in wait(list(active)):
                _hear(active, active[connection], attempt, jobs, waiting, failures, listen)
    finally:
        for worker in active.values():
            worker.process.terminate()
    return failures


def core_shares(workers: int) -> list[tuple[int, ...]]:
    """The cores this process may use, dealt to workers; empty where the system does not tell."""
    if not hasattr(os, "sched_getaffinity"):
        return [()] * workers
    cores = sorted(os.sched_getaffinity(0))
    return [tuple(cores[i::workers]) or (cores[i % len(cores)],) for i in range(workers)]


def _run_here(jobs: Sequence[Any], attempt: Attempt, listen: Listen) -> Mapping[int, str]:
    failures: dict[int, str] = {}
    for number, job in enumerate(jobs):
        sentence = attempt(job, partial(listen, number))
        if sentence:
            failures[number] = sentence
    return failures


def _attempt(work: Work, log: Log | None, job: Any, tell: Tell) -> str:
    """Why the job failed, or nothing."""
    try:
        work(job, tell)
    except UserError as error:
        if debugging():
            traceback.print_exc()
        return " ".join(str(error).split())
    except Exception as error:
        kept = _keep_traceback(log(job) if log else None)
        return f"{type(error).__name__}: {' '.join(str(error).split())}{f' (see {kept})' if kept else ''}"
    return ""


def _keep_traceback(path: Path | None) -> Path | None:
    """Where the traceback of the error that is being handled is kept; without such a place it is shown."""
    if path is None or debugging():
        traceback.print_exc()
    if path is None:
        return None
    try:
        return write_text(path, traceback.format_exc())
    except UserError:  # no room for that either
        traceback.print_exc()
        return None


def _start(active: dict[Any, _Worker], attempt: Attempt, cores: tuple[int, ...], jobs: Sequence[Any], job: int) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, attempt, cores), daemon=True)
    process.start()
    theirs.close()
    active[ours] = _Worker(process, ours, cores, job)
    _send(active[ours], jobs[job])


def _send(worker: _Worker, message: Any) -> None:
    """Tell a worker something; that one has died is heard when it is listened to."""
    with suppress(OSError):
        worker.connection.send(message)


def _hear(
    active: dict[Any, _Worker],
    worker: _Worker,
    attempt: Attempt,
    jobs: Sequence[Any],
    waiting: deque[int],
    failures: dict[int, str],
    listen: Listen,
) -> None:
    """Take one message of a worker; give it the next job when it has none."""
    try:
        message = worker.connection.recv()
    except (EOFError, OSError):
        worker.process.join()
        del active[worker.connection]
        if worker.done and not worker.begun:
            waiting.appendleft(worker.job)  # it died after its last job, and of no fault of this one
        else:
            failures[worker.job] = f"its process ended with exit code {worker.process.exitcode}"
        if waiting:
            _start(active, attempt, worker.cores, jobs, waiting.popleft())
        return
    if message is None:
        worker.begun = True
        return
    if isinstance(message, tuple):
        listen(worker.job, *message)
        return
    if message:
        failures[worker.job] = message
    worker.begun, worker.done = False, worker.done + 1
    if waiting:
        worker.job = waiting.popleft()
        _send(worker, jobs[worker.job])
    else:
        del active[worker.connection]
        _send(worker, None)
        worker.process.join()


def _serve(connection: Connection, attempt: Attempt, cores: tuple[int, ...]) -> None:
    """A worker's life: jobs until None comes; answers None when it begins one, and a sentence, empty for success."""
    if cores:
        os.sched_setaffinity(0, cores)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while (job := connection.recv()) is not None:
        connection.send(None)
        connection.send(attempt(job, lambda done, total: connection.send((done, total))))


def _end_with_parent() -> None:
    """Do not outlive a parent that was killed: what it began is begun again by who starts it anew."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
