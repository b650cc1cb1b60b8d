"""Prefetching: a thread makes the next few items while the caller works on the present one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any

AHEAD = 3
"""Items made in advance: enough to hide the reading of a chunk, few enough to fit in memory."""


@contextmanager
def prefetched(make: Callable[[int], Any], steps: Iterable[int], ahead: int = AHEAD) -> Iterator[Iterator[Any]]:
    """Within the context, an iterator over ``make(step)`` in order, made ``ahead`` by one thread.

    An error in ``make`` is raised where its item is asked for. Leaving the context ends the thread.
    """
    queue: Queue[tuple[Any, BaseException | None]] = Queue(maxsize=ahead)
    stop = Event()

    def work() -> None:
        for step in steps:
            try:
                item, error = make(step), None
            except BaseException as caught:  # handed to the caller, whatever it is
                item, error = None, caught
            while not stop.is_set():
                try:
                    queue.put((item, error), timeout=0.1)
                    break
                except Full:
                    continue
            if stop.is_set() or error is not None:
                return

    thread = Thread(target=work, name="prefetch", daemon=True)
    thread.start()
    try:
        yield _items(queue, thread)
    finally:
        stop.set()
        thread.join()


def _items(queue: Queue, thread: Thread) -> Iterator[Any]:
    while True:
        try:
            item, error = queue.get(timeout=0.1)
        except Empty:
            if thread.is_alive() or not queue.empty():
                continue
            return
        if error is not None:
            raise error
        yield item
