"""Damaged copies of observation files: how many are read, refused, raise, crash or hang.

Every copy is read in a child process with a time and a memory limit. A copy must be read or be refused by an
ObservationError of one sentence; of what was read, rows that the undamaged file does not have are counted, and those
of them that the default checks would leave in use. A flipped bit within a packed value makes another value that only
the checks can tell from a sound one; more of these rows than bits flipped would be messages decoded astray. What became
of sound rows is the least that a copy lost of them.

Of a gzipped file, copies of the compressed bytes are damaged too (kinds with gz), one in three.

Run: python benchmarks/damaged_files.py FILE... [--count 1000] [--seed 0] [--bytes 300000] [--columns metar]
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import resource
import tempfile
import time
import warnings
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pyarrow as pa

from latentda.observations import ObservationError, QualityControl, column, read_observations, used
from latentda.observations.bufr_decoder import frames

OUTCOMES = ("read", "refused", "raised", "crashed", "hung")


def damaged(content: bytes, random: np.random.Generator) -> tuple[str, bytes]:
    """A copy with one kind of damage, and the kind's name."""
    kind = str(random.choice(["flips", "many flips", "cut off", "header", "block", "hole"]))
    copy = bytearray(content)
    if kind == "cut off":
        return kind, bytes(copy[: random.integers(len(copy))])
    begin = int(random.integers(len(copy)))
    length = int(random.integers(1, 2000))
    if kind == "block":  # overwritten
        part = copy[begin : begin + length]
        copy[begin : begin + length] = random.bytes(len(part))
    elif kind == "hole":  # lost
        del copy[begin : begin + length]
    elif kind == "header":
        begin = content.find(b"BUFR", begin) if random.random() < 0.7 else 0
        for place in max(begin, 0) + random.integers(0, 48, random.integers(1, 5)):
            copy[min(place, len(copy) - 1)] = random.integers(256)
    else:
        for place in random.integers(0, len(copy), random.integers(1, 10 if kind == "flips" else 200)):
            copy[place] ^= 1 << int(random.integers(8))
    return kind, bytes(copy)


def shortened(content: bytes, most: int) -> bytes:
    """About `most` bytes in which every kind of report remains: NCEP's tables and every k-th message or line."""
    if len(content) <= most:
        return content
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        found = frames(Path(file.name))
    if not found.places:
        lines = content.splitlines(keepends=True)
        return lines[0] + b"".join(lines[1 :: -(-len(content) // most)])
    tables = [place for place, category in zip(found.places, found.categories, strict=True) if category == 11]
    data = [place for place, category in zip(found.places, found.categories, strict=True) if category != 11]
    size, room = sum(length for _, length in data), most - sum(length for _, length in tables)
    return b"".join(content[begin : begin + length] for begin, length in tables + data[:: -(-size // max(room, 1))])


def rows_of(table: pa.Table) -> set[tuple]:
    """What each row says, without its number."""
    names = ("time", "lat", "lon", "variable", "observation", "station")
    return set(zip(*(column(table, name).tolist() for name in names), strict=True))


def judged(path: Path, sound: set[tuple], columns: str | None) -> dict[str, object]:
    """The outcome of reading a copy, in the words of the report."""
    begin = time.perf_counter()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            table = read_observations(path, columns)
    except ObservationError as error:
        kind = "refused" if "\n" not in str(error) and len(str(error)) < 1000 else "raised"
        return {"outcome": kind, "why": str(error), "seconds": time.perf_counter() - begin}
    except BaseException as error:
        return {"outcome": "raised", "why": f"{type(error).__name__}: {error}", "seconds": time.perf_counter() - begin}
    table = QualityControl().apply(table)
    rows, kept = rows_of(table), rows_of(table.filter(pa.array(used(table))))
    strange = sorted(map(str, kept - sound))
    return {
        "outcome": "read",
        "rows": table.num_rows,
        "foreign": len(rows - sound),
        "foreign in use": len(kept - sound),
        "lost": len(sound - rows) / max(len(sound), 1),
        "strange": strange[:: len(strange) // 6 + 1],
        "warned": bool(caught),
        "seconds": time.perf_counter() - begin,
    }


def serve(link: Connection, sound: set[tuple], columns: str | None, memory: int) -> None:
    """Judge the copies named over `link` until it closes."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    while True:
        link.send(judged(Path(link.recv()), sound, columns))


class Child:
    """A process that judges copies and is replaced when it dies or takes too long."""

    def __init__(self, sound: set[tuple], columns: str | None, memory: int):
        self._arguments = (sound, columns, memory)
        self._start()

    def _start(self) -> None:
        self._link, other = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=serve, args=(other, *self._arguments), daemon=True
        )
        self._process.start()
        other.close()

    def judge(self, path: Path, limit: float) -> dict[str, object]:
        """The outcome for one copy, with `crashed` and `hung` seen from outside."""
        try:
            self._link.send(str(path))
            if self._link.poll(limit):
                return self._link.recv()
            outcome = {"outcome": "hung"}
        except (EOFError, OSError):
            self._process.join(5)
            outcome = {"outcome": "crashed", "why": f"exit code {self._process.exitcode}"}
        self._process.kill()
        self._process.join()
        self._start()
        return outcome

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def sound_rows(path: Path, columns: str | None) -> set[tuple]:
    """What the undamaged file says, nothing if it is refused."""
    try:
        return rows_of(read_observations(path, columns))
    except ObservationError as error:
        print(f"\nthe sound file is refused: {error}")
        return set()


def trial(file: Path, options: argparse.Namespace) -> None:
    """Judge damaged copies of a file and print what came of them."""
    content = file.read_bytes()
    zipped = content[:2] == b"\x1f\x8b"
    whole = gzip.decompress(content) if zipped else content
    part = shortened(whole, options.bytes)
    random = np.random.default_rng(options.seed)
    results, reasons = [], Counter()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy"
        path.write_bytes(part)
        child = Child(sound_rows(path, options.columns), options.columns, int(options.memory * 2**30))
        packed = gzip.compress(part, mtime=0)
        for number in range(options.count):
            in_gzip = zipped and number % 3 == 0
            kind, copy = damaged(packed if in_gzip else part, random)
            path.write_bytes(copy)
            result = child.judge(path, options.limit) | {"kind": f"gz {kind}" if in_gzip else kind, "number": number}
            results.append(result)
            if result["outcome"] in ("raised", "crashed", "hung"):
                reasons[str(result.get("why", ""))[:160]] += 1
                if options.keep:
                    (options.keep / f"{file.name}.{number}").write_bytes(copy)
        child.close()
    kept = "whole" if part == whole else f"{len(part)} of its {len(whole)} bytes, every k-th message or line"
    print(f"\n{file.name} ({kept}): {len(results)} copies in {time.perf_counter() - begin:.0f} s")
    report(results, reasons, options.examples)


def report(results: list[dict], reasons: Counter, examples: int) -> None:
    """Print counts by outcome and kind of damage, and how much of what was read is not in the sound file."""
    for kind in [*sorted({r["kind"] for r in results}), None]:
        chosen = [r for r in results if kind in (None, r["kind"])]
        counts = Counter(r["outcome"] for r in chosen)
        strange = sum(r.get("foreign in use", 0) for r in chosen)
        row = "".join(f"{name} {counts[name]:5d}  " for name in OUTCOMES)
        print(f"  {kind or 'all':13s}{row}foreign in use {strange:6d}")
    read = [r for r in results if r["outcome"] == "read"]
    rows = sum(r["rows"] for r in read)
    foreign, kept = (sum(r[name] for r in read) for name in ("foreign", "foreign in use"))
    seconds = max((r.get("seconds", 0.0) for r in results), default=0.0)
    print(f"  rows read {rows}, of which not in the sound file {foreign}, of these left in use {kept};", end=" ")
    print(f"copies read with a warning {sum(r['warned'] for r in read)}; slowest copy {seconds:.1f} s")
    for why, number in reasons.most_common(8):
        print(f"  {number:5d} x {why}")
    for r in sorted(read, key=lambda r: -r["foreign in use"])[:examples]:
        if r["foreign in use"]:
            lost = f"{100 * r['lost']:.1f}% of the sound rows lost" + (
                ", warned of" if r["warned"] else ", NOT warned of"
            )
            print(f"    copy {r['number']}, {r['kind']}: {r['foreign in use']} foreign rows in use, {lost}")
            print("".join(f"      {row}\n" for row in r["strange"]), end="")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bytes", type=int, default=1 << 40, help="cut longer files to about this many")
    parser.add_argument("--columns", help="column map of CSV files: metar or a YAML file")
    parser.add_argument("--examples", type=int, default=0, help="copies with the most foreign rows in use to show")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds a copy may take")
    parser.add_argument("--memory", type=float, default=6.0, help="GiB of address space a copy may take")
    parser.add_argument("--keep", type=Path, help="folder for the copies that raised, crashed or hung")
    options = parser.parse_args()
    for file in options.files:
        trial(file, options)


if __name__ == "__main__":
    main()
