"""Throughput of the readers on observation files: megabytes of decompressed file and thousands of rows a second.

The best of some runs counts, in seconds of the clock and of the processor (decoding children included): on a busy
machine only the second says something. A file that needs a column map takes it after a colon.

Run: python benchmarks/readers.py FILE... METAR.csv.gz:metar [--runs 5]
"""

from __future__ import annotations

import argparse
import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from latentda.observations import read_observations


def spent() -> tuple[float, float]:
    """Seconds of the clock, and of the processor for this process and its ended children."""
    times = os.times()
    return time.perf_counter(), times.user + times.system + times.children_user + times.children_system


def best(read: Callable[[], pa.Table], runs: int) -> tuple[pa.Table, float, float]:
    """What is read, and the least seconds of both kinds; the first run, which imports and warms up, does not count."""
    table, walls, processor = read(), [], []
    for _ in range(runs):
        begin = spent()
        table = read()
        end = spent()
        walls.append(end[0] - begin[0])
        processor.append(end[1] - begin[1])
    return table, min(walls), min(processor)


def size_of(file: Path) -> float:
    """Megabytes (10^6) of the decompressed file."""
    content = file.read_bytes()
    return len(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", help="FILE or FILE:COLUMN_MAP")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(f"{'file':48s} {'MB':>6s} {'rows':>8s} {'s':>7s} {'MB/s':>7s} {'cpu s':>7s} {'MB/cpu s':>9s} {'krows/s':>8s}")
    for given in options.files:
        name, _, columns = given.partition(":")
        file = Path(name)
        table, wall, processor = best(
            lambda file=file, columns=columns: read_observations(file, columns or None), options.runs
        )
        size, rows = size_of(file), table.num_rows
        speed = f"{size / wall:7.2f} {processor:7.3f} {size / max(processor, 0.01):9.2f} {rows / wall / 1e3:8.1f}"
        print(f"{file.name:48s} {size:6.2f} {rows:8d} {wall:7.3f} {speed}")


if __name__ == "__main__":
    main()
