"""Jobs side by side: worker processes that take one job after the other from a list.

Every worker is a spawned process with its own share of the cores, so that several numerical libraries do not fight for
all of them; it keeps what it has compiled from job to job. A job that fails, or whose process dies, is reported in one
sentence and the others go on.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

Tell = Callable[[int, int], None]
"""``tell(done, total)``: how far a job is."""

Work = Callable[[Any, Tell], None]
"""``work(job, tell)``: does one job; importable by its name, as a spawned process must find it."""

Listen = Callable[[int, int, int], None]
"""``listen(number of the job, done, total)``."""


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    connection: Connection
    cores: tuple[int, ...]
    job: int


def run_jobs(jobs: Sequence[Any], work: Work, workers: int, listen: Listen) -> Mapping[int, str]:
    """Do all jobs; returns one sentence for each that failed, by its number.

    Args:
        jobs: picklable.
        work: does one.
        workers: processes; with one, this process does everything itself.
        listen: hears how far each job is.
    """
    if workers <= 1 or len(jobs) <= 1:
        return _run_here(jobs, work, listen)
    waiting, failures = deque(range(len(jobs))), dict[int, str]()
    active: dict[Any, _Worker] = {}
    try:
        for cores in core_shares(min(workers, len(jobs))):
            _start(active, work, cores, jobs, waiting.popleft())
        while active:
            for connection in wait(list(active)):
                _hear(active, active[connection], work, jobs, waiting, failures, listen)
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


def _run_here(jobs: Sequence[Any], work: Work, listen: Listen) -> Mapping[int, str]:
    failures: dict[int, str] = {}
    for number, job in enumerate(jobs):
        sentence = _attempt(job, work, partial(listen, number))
        if sentence:
            failures[number] = sentence
    return failures


def _attempt(job: Any, work: Work, tell: Tell) -> str:
    """Why the job failed, or nothing."""
    try:
        work(job, tell)
    except Exception as error:
        sentence = " ".join(str(error).split())
        return sentence if isinstance(error, ValueError) and sentence else f"{type(error).__name__}: {sentence}"
    return ""


def _start(active: dict[Any, _Worker], work: Work, cores: tuple[int, ...], jobs: Sequence[Any], job: int) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, work, cores), daemon=True)
    process.start()
    theirs.close()
    active[ours] = _Worker(process, ours, cores, job)
    ours.send(jobs[job])


def _hear(
    active: dict[Any, _Worker],
    worker: _Worker,
    work: Work,
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
        failures[worker.job] = f"its process ended with exit code {worker.process.exitcode}"
        del active[worker.connection]
        if waiting:
            _start(active, work, worker.cores, jobs, waiting.popleft())
        return
    if isinstance(message, tuple):
        listen(worker.job, *message)
        return
    if message:
        failures[worker.job] = message
    if waiting:
        worker.job = waiting.popleft()
        worker.connection.send(jobs[worker.job])
    else:
        del active[worker.connection]
        worker.connection.send(None)
        worker.process.join()


def _serve(connection: Connection, work: Work, cores: tuple[int, ...]) -> None:
    """A worker's life: jobs until None comes; answers a sentence, empty for success."""
    if cores:
        os.sched_setaffinity(0, cores)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while (job := connection.recv()) is not None:
        connection.send(_attempt(job, work, lambda done, total: connection.send((done, total))))


def _end_with_parent() -> None:
    """Do not outlive a parent that was killed: what it began is begun again by who starts it anew."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
