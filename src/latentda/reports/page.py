"""A report of an experiment as one HTML file that needs nothing else.

Figures are PNG inside the file, style is inline, and a content policy forbids the browser to load
anything from anywhere, so that a report can be mailed, archived and read without a network. Every
text is escaped: names that come from files cannot become markup.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeGuard

import numpy as np
from matplotlib.figure import Figure

from latentda.files import write_text
from latentda.user_error import UserError

Cell = str | float | int | bool | None
"""What a table holds; numbers are set right-aligned with the same decimals down a column."""

Best = Literal["min", "max"]

DPI = 110
"""Resolution of figures (pixels an inch): sharp on a screen, and small in the file."""

DIGITS = 3
"""Significant digits of the middle value of a column of numbers."""


class Report:
    """Sections, figures and tables in the order in which they are added.

    Attributes:
        title: the heading, and the name of the browser's tab.
        subtitle: one line under it.
    """

    def __init__(self, title: str, subtitle: str = ""):
        self.title = title
        self.subtitle = subtitle
        self._body: list[str] = []
        self._contents: list[tuple[str, str]] = []
        self._figures = 0
        self._tables = 0

    def section(self, heading: str, text: str = "") -> Report:
        """Begin a section; blank lines in ``text`` part paragraphs."""
        anchor = f"section-{len(self._contents) + 1}"
        self._contents.append((anchor, heading))
        self._body.append(f'<h2 id="{anchor}">{escape(heading)}</h2>')
        return self.text(text)

    def text(self, text: str) -> Report:
        """Add paragraphs, parted by blank lines."""
        paragraphs = (part.strip() for part in text.split("\n\n"))
        self._body += [f"<p>{escape(part)}</p>" for part in paragraphs if part]
        return self

    def figure(self, figure: Figure, caption: str, *, alt: str = "") -> Report:
        """Add a figure; ``alt`` says what it shows to who cannot see it (default: the caption)."""
        self._figures += 1
        width = round(figure.get_figwidth() * DPI)
        height = round(figure.get_figheight() * DPI)
        self._body.append(
            f'<figure><img src="data:image/png;base64,{_png(figure)}" width="{width}" '
            f'height="{height}" alt="{escape(alt or caption)}">'
            f"<figcaption><b>Figure {self._figures}.</b> {escape(caption)}</figcaption></figure>"
        )
        return self

    def table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        caption: str,
        *,
        highlight_best: Mapping[str, Best] | Best | None = None,
    ) -> Report:
        """Add a table.

        Args:
            header: one heading a column.
            rows: one cell a column; None is shown as a dash.
            caption: over the table.
            highlight_best: the best number of which columns is marked, ``{"RMSE": "min"}``; a
                plain ``"min"`` or ``"max"`` speaks of all columns of numbers.

        Raises:
            UserError: a row of another length than the header, or a column nobody has.
        """
        _require_columns(header, rows, highlight_best)
        self._tables += 1
        columns = [[row[j] for row in rows] for j in range(len(header))]
        numeric = [_is_numeric(column) for column in columns]
        shown = [_shown(column) for column in columns]
        best = [
            _best(column, _wanted(highlight_best, name)) if number else set()
            for name, column, number in zip(header, columns, numeric, strict=True)
        ]
        head = _row("th", header, numeric, scope="col")
        body = [_row("td", [c[i] for c in shown], numeric, bold=[i in b for b in best]) for i in range(len(rows))]
        self._body.append(
            f'<div class="table"><table><caption><b>Table {self._tables}.</b> {escape(caption)}'
            f"</caption><thead>{head}</thead><tbody>{''.join(body)}</tbody></table></div>"
        )
        return self

    def html(self) -> str:
        """The whole page."""
        page = files("latentda.reports").joinpath("data/report.html").read_text("utf-8")
        entries = "".join(f'<li><a href="#{anchor}">{escape(heading)}</a></li>' for anchor, heading in self._contents)
        parts = {
            "TITLE": escape(self.title),
            "SUBTITLE": f'<p class="subtitle">{escape(self.subtitle)}</p>' if self.subtitle else "",
            "CONTENTS": f'<nav aria-label="Contents"><ol>{entries}</ol></nav>' if entries else "",
            "BODY": "\n".join(self._body),
        }
        # Cut at the marks first: a text that holds a mark's name must stay that text.
        pieces = page.split("%%")
        return "".join(parts[p] if i % 2 else p for i, p in enumerate(pieces))

    def write(self, path: str | Path) -> Path:
        """Write the page, whole or not at all, and return its path.

        Raises:
            UserError: the file cannot be written.
        """
        return write_text(path, self.html())


def _png(figure: Figure) -> str:
    buffer = io.BytesIO()
    # No software tag: the same figure gives the same bytes with every version.
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _row(
    tag: str,
    cells: Sequence[str],
    numeric: Sequence[bool],
    *,
    bold: Sequence[bool] | None = None,
    scope: str = "",
) -> str:
    marks = bold or [False] * len(cells)
    parts: list[str] = []
    for text, number, best in zip(cells, numeric, marks, strict=True):
        classes = " ".join(["number"] * number + ["best"] * best)
        attributes = (f' class="{classes}"' if classes else "") + (f' scope="{scope}"' if scope else "")
        parts.append(f"<{tag}{attributes}>{escape(text)}</{tag}>")
    return f"<tr>{''.join(parts)}</tr>"


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float | np.number) and not isinstance(cell, bool)


def _is_numeric(column: Sequence[Cell]) -> bool:
    present = [cell for cell in column if cell is not None]
    return bool(present) and all(_is_number(cell) for cell in present)


def _shown(column: Sequence[Cell]) -> list[str]:
    """Cells as text; floats of a column with as many decimals as show its middle value well."""
    sizes = [abs(float(c)) for c in column if _is_float(c) and math.isfinite(c) and c]
    middle = float(np.median(sizes)) if sizes else 1.0
    decimals = DIGITS - 1 - math.floor(math.log10(middle))
    return [_text(cell, decimals) for cell in column]


def _is_float(cell: Cell) -> TypeGuard[float]:
    return isinstance(cell, float | np.floating)


def _text(cell: Cell, decimals: int) -> str:
    if cell is None or (_is_float(cell) and not math.isfinite(cell)):
        return "\N{EN DASH}"
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if not _is_number(cell):
        return str(cell)
    if not _is_float(cell):
        digits = f"{cell:,}" if abs(int(cell)) >= 10_000 else f"{cell}"
        return digits.replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", "\N{MINUS SIGN}")
    text = f"{cell:.2e}" if decimals > 6 else f"{cell:.{max(decimals, 0)}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _wanted(best: Mapping[str, Best] | Best | None, name: str) -> Best | None:
    return best.get(name) if isinstance(best, Mapping) else best


def _best(column: Sequence[Cell], wanted: Best | None) -> set[int]:
    """Rows of the best number; ties share it."""
    numbers = {i: float(c) for i, c in enumerate(column) if c is not None and math.isfinite(float(c))}
    if wanted is None or not numbers:
        return set()
    top = min(numbers.values()) if wanted == "min" else max(numbers.values())
    return {i for i, value in numbers.items() if value == top}


def _require_columns(
    header: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    best: Mapping[str, Best] | Best | None,
) -> None:
    for row in rows:
        if len(row) != len(header):
            raise UserError(f"A row of {len(header)} cells was wanted; got {len(row)}: {row}.")
    strange = set(best) - set(header) if isinstance(best, Mapping) else set()
    if strange:
        raise UserError(f"No column {', '.join(sorted(strange))} to find the best in.")
