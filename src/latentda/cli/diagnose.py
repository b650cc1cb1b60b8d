"""``latentda diagnose``: what departures say of the errors that were assumed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentda.cli.show import one_sentence, table, where
from latentda.user_error import UserError

if TYPE_CHECKING:
    from latentda.verification import DesroziersRow
    from latentda.verification.feedback_summary import FeedbackSummary


def diagnose(
    feedback: Annotated[list[Path], typer.Argument(help="Feedback files, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Folder of the figures and diagnose.json.")] = Path(
        "latentda-output/diagnose"
    ),
    errors: Annotated[
        Path | None, typer.Option(help="YAML file to write with the diagnosed profiles of observation errors.")
    ] = None,
    fewest: Annotated[int, typer.Option(min=1, help="Data that a layer must have to be shown.")] = 30,
) -> None:
    """Diagnose observation and background errors from the feedback of analyses (Desroziers et al. 2005)."""
    with one_sentence():
        from latentda.figures.files import save_figure
        from latentda.files import write_json
        from latentda.reports.feedback_pictures import diagnosed_pictures
        from latentda.reports.feedback_tables import error_tables
        from latentda.verification.feedback_files import read_feedbacks
        from latentda.verification.feedback_summary import summarise

        summary = summarise(read_feedbacks(feedback))
        tables = error_tables(summary.errors, fewest)
        if not tables:
            raise UserError(f"There are fewer than {fewest} used data of every kind; give more feedback.")
        for title, (header, rows) in tables:
            table(title, header, _shown(header, rows))
        out.mkdir(parents=True, exist_ok=True)
        for picture in diagnosed_pictures(summary, fewest):
            where(save_figure(picture.figure, out / f"{picture.name}.png"))
        if errors:
            where(_write_errors(feedback, errors, fewest))
        where(write_json(out / "diagnose.json", _content(summary)))


def _write_errors(feedback: list[Path], path: Path, fewest: int) -> Path:
    from latentda.verification.diagnosed_errors import error_profiles, table_errors, write_error_profiles
    from latentda.verification.feedback_files import read_feedbacks

    path.parent.mkdir(parents=True, exist_ok=True)
    return write_error_profiles(error_profiles(table_errors(read_feedbacks(feedback)), fewest), path)


def _content(summary: FeedbackSummary) -> dict[str, Any]:
    """All numbers in SI units; null where a variance comes out negative."""
    return {
        "start": str(summary.start),
        "end": str(summary.end),
        "analyses": len(summary.times),
        "errors": [_row(row) for row in summary.errors],
        "correlation_length": {one.variable: one.length for one in summary.correlations},
    }


def _row(row: DesroziersRow) -> dict[str, Any]:
    from latentda.grid import variable

    layer = {"bottom": row.layer.bottom, "level": row.layer.level, "top": row.layer.top} if row.layer else None
    kind = {"variable": row.variable, "class": row.message_class, "layer_hpa": layer, "count": row.count}
    names = (
        "background_bias", "analysis_bias", "observation_error", "assumed_observation_error", "observation_ratio",
        "background_error", "assumed_background_error", "background_ratio", "total_error", "assumed_total_error",
        "chi_square",
    )  # fmt: skip
    numbers = {name: getattr(row, name) for name in names}
    finite = {name: number if math.isfinite(number) else None for name, number in numbers.items()}
    return kind | {"units": variable(row.variable).units} | finite


def _shown(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Floats to as few digits as say enough, set to the right, so that a table fits a terminal; a dash for none."""
    columns: list[list[Any]] = []
    for name, cells in zip(header, zip(*rows, strict=True), strict=True):
        digits = 2 if "/" in name else 3
        texts = [_text(cell, digits) if isinstance(cell, float) else cell for cell in cells]
        width = max(len(str(text)) for text in texts) if isinstance(cells[0], float) else 0
        columns.append([text.rjust(width) if width else text for text in texts])
    return [list(row) for row in zip(*columns, strict=True)]


def _text(number: float, digits: int) -> str:
    return f"{number:.{digits}g}" if math.isfinite(number) else "\N{EN DASH}"
