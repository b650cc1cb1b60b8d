"""Run the code blocks of documentation pages as they stand, so that what a page tells a reader to type works.

    python .ci/documented.py docs/own-data.md docs/own-model.md

Blocks fenced as sh or python run in order in an empty folder, one a page: sh with ``bash -e``, whose current folder the
following blocks inherit; python in one namespace a page. The first that fails ends the run and is named by its page and
line. Other fences are not run. A line a block tells its seconds: those of processors, the children's included, and
those that passed.
"""

import contextlib
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FENCE = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """What a page tells to type: its language, its code and the line on which that begins."""

    language: str
    code: str
    line: int


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a page."""
    for found in FENCE.finditer(text):
        yield Block(found[1], found[2], text.count("\n", 0, found.start(2)) + 1)


def run_sh(block: Block) -> None:
    """Run in bash and go where it ended."""
    with tempfile.NamedTemporaryFile("r") as place:
        subprocess.run(["bash", "-e", "-c", f"{block.code}\npwd > '{place.name}'"], check=True)
        os.chdir(place.read().strip())


def run_python(block: Block, page: str, namespace: dict[str, Any]) -> None:
    """Run in the page's namespace; empty lines before give a traceback the lines of the page."""
    exec(compile("\n" * (block.line - 1) + block.code, page, "exec"), namespace)


def processor_seconds() -> float:
    """Of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def run_page(page: str, text: str) -> None:
    """All blocks of a page where we are."""
    namespace = {"__name__": "__main__"}
    for block in blocks(text):
        name = f"{page}:{block.line} {block.language}"
        print(f"+ {name}", flush=True)
        processor, clock = processor_seconds(), time.monotonic()
        try:
            run_sh(block) if block.language == "sh" else run_python(block, page, namespace)
        except Exception as error:
            error.add_note(f"{name} failed")
            raise
        spent = processor_seconds() - processor, time.monotonic() - clock
        print(f"= {name}: {spent[0]:.0f} s of processors, {spent[1]:.0f} s", flush=True)


def main(pages: list[str]) -> None:
    """Every page in a folder of its own; programs are those beside this Python."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for page in pages:
        text = Path(page).read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            run_page(page, text)


if __name__ == "__main__":
    main(sys.argv[1:])
