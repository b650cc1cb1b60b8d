"""What the terminal shows: progress bars with time left, score tables, and one-sentence errors."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

console = Console()
_errors = Console(stderr=True)


def track(iterable: Iterable[Any], description: str, total: int) -> Iterator[Any]:
    """Yield the items behind a progress bar with elapsed and remaining time."""
    if total <= 0:
        yield from iterable
        return
    columns = (
        TextColumn("{task.description:<32}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield from progress.track(iterable, total=total, description=description)


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table; numbers to the right."""
    shown = Table(title=title, title_justify="left")
    for i, name in enumerate(header):
        numeric = all(isinstance(row[i], int | float) for row in rows)
        shown.add_column(name, justify="right" if numeric else "left")
    for row in rows:
        shown.add_row(*(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row))
    console.print(shown)


def where(path: Path) -> None:
    """The last printed line: where the result lies."""
    console.print(f"Result: {path}", soft_wrap=True, highlight=False)


@contextmanager
def warnings_shown() -> Iterator[None]:
    """Show warnings as one line each and once each, without the line of code that they come from."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for sentence in dict.fromkeys(
        str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)
    ):
        _errors.print(f"latentda: {sentence}", style="yellow", highlight=False, soft_wrap=True)


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn the errors that users can mend into one sentence and exit code 1."""
    import typer

    try:
        yield
    except (ValueError, KeyError, FloatingPointError, OSError) as error:
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        sentence = " ".join(str(message).split())
        _errors.print(f"latentda: {sentence}", style="red", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
