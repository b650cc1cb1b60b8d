"""What the terminal shows: progress bars with time left, score tables, and one-sentence errors."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from latentda.cli.terminal import terminal
from latentda.user_error import UserError, debugging

console = Console(file=terminal("stdout"))
_errors = Console(file=terminal("stderr"), stderr=True)


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
    """Print a table; numbers to the right, and brackets as they are."""
    shown = Table(title=escape(title), title_justify="left")
    for i, name in enumerate(header):
        numeric = all(isinstance(row[i], int | float) for row in rows)
        shown.add_column(escape(name), justify="right" if numeric else "left")
    for row in rows:
        shown.add_row(*(f"{cell:.3f}" if isinstance(cell, float) else escape(str(cell)) for cell in row))
    console.print(shown)


def where(path: Path) -> None:
    """The last printed line: where the result lies."""
    console.print(f"Result: {path}", soft_wrap=True, highlight=False)


@contextmanager
def warnings_shown() -> Iterator[None]:
    """Show warnings as one line each and once each, without the line of code that they come from."""
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            yield
    finally:  # also before the sentence of an error
        sentences = (str(warning.message) for warning in caught if issubclass(warning.category, UserWarning))
        for sentence in dict.fromkeys(sentences):
            _errors.print(f"latentda: {sentence}", style="yellow", highlight=False, soft_wrap=True, markup=False)


@contextmanager
def one_sentence(devices: bool = True) -> Iterator[None]:
    """Turn the errors that users can mend into one sentence and exit code 1; any other is ours and keeps its traceback.

    ``LATENTDA_DEBUG=1`` in the environment keeps every traceback.

    Args:
        devices: whether JAX must have its devices before anything else is done.
    """
    import typer

    try:
        if devices:
            require_devices()
        yield
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None or debugging():
            raise
        _errors.print(f"latentda: {sentence}", style="red", highlight=False, soft_wrap=True, markup=False)
        raise typer.Exit(1) from error


def require_devices() -> None:
    """Check that JAX has the devices that the environment names.

    Raises:
        UserError: it has none.
    """
    wanted = os.environ.get("JAX_PLATFORMS", "")
    if wanted in ("", "cpu"):
        return
    import jax

    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:  # JAX asserts where it knows a platform but has no plugin for it
        raise UserError(
            f"JAX finds no device of the kind that the environment variable JAX_PLATFORMS names, {wanted!r}; unset it, "
            "or set it to cpu."
        ) from error


def _sentence(error: Exception) -> str | None:
    """What to say of an error that the user can mend; None of any other."""
    from latentda.files import unusable

    if isinstance(error, RuntimeError | AssertionError):
        try:
            require_devices()
        except UserError as absent:
            return str(absent)
    if isinstance(error, UserError):
        return " ".join(str(error).split())
    reason = unusable(error) if isinstance(error, OSError) else None
    if reason is None:
        return None
    file = getattr(error, "filename", None)
    return f"{file}: {reason}." if file else f"A file cannot be used: {reason}."
