"""Jobs that run side by side, a line each: a bar while they run, and what remains is a plain line when they end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from latentda.cli.show import console


class JobLines:
    """Show jobs by title; :meth:`listen` is told how far each of them is."""

    def __init__(self, titles: Sequence[str]):
        self.titles = titles
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=True)
        self._tasks: dict[int, TaskID] = {}
        self._begun: dict[int, tuple[float, int]] = {}

    def __enter__(self) -> JobLines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def listen(self, job: int, done: int, total: int) -> None:
        """Job number ``job`` has done ``done`` steps of ``total``."""
        # Started late: a terminal can show only one display, and what comes before the jobs may have its own.
        self._progress.start()
        if job not in self._tasks:
            self._tasks[job] = self._progress.add_task(self.titles[job], total=total)
            self._begun[job] = (time.monotonic(), done)
        self._progress.update(self._tasks[job], completed=done)
        if done == total:
            self._progress.remove_task(self._tasks[job])
            self._progress.console.print(f"{self.titles[job]}: {self._ending(job, total)}", highlight=False)

    def _ending(self, job: int, total: int) -> str:
        begun, before = self._begun[job]
        if before == total:
            return f"all {total} cycles were there"
        seconds = time.monotonic() - begun
        return f"{total} cycles, the last {total - before} in {seconds:.0f} s ({seconds / (total - before):.2f} s each)"
