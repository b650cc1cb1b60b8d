"""What an observation table holds: numbers of data by class, type and variable, their times, and what refused them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from latentda.grid import iso
from latentda.observations.chain_links import QualityMarks
from latentda.observations.reports import UNCHECKED
from latentda.observations.table import column
from latentda.observations.verdicts import BY_READERS
from latentda.user_error import UserError


@dataclass(frozen=True)
class InventoryRow:
    """One kind of data.

    Attributes:
        message_class: of its reports.
        report_type: NCEP report type; None where types are not parted.
        variable: short name.
        total: number of data.
        used: of them.
        marked: of them have a quality mark of their producer that the default checks refuse.
        stations: number of different names; 0 where there is none.
        first: time of the first datum.
        last: time of the last.
    """

    message_class: str
    report_type: int | None
    variable: str
    total: int
    used: int
    marked: int
    stations: int
    first: np.datetime64
    last: np.datetime64

    @property
    def refused(self) -> int:
        """Number of data that a check refused."""
        return self.total - self.used


def inventory(table: pa.Table, *, by_type: bool = False) -> list[InventoryRow]:
    """The kinds of data of a table by class, on demand report type, and variable."""
    keys = ["class", "type", "variable"] if by_type else ["class", "variable"]
    # Unnamed stations become null, which a count leaves out.
    named = pc.if_else(pc.equal(table["station"], ""), pa.scalar(None, pa.string()), table["station"])
    marked = pc.greater(table["quality"], QualityMarks().worst)
    numbers = {"station": named, "used": pc.cast(table["used"], pa.int64()), "marked": pc.cast(marked, pa.int64())}
    parts = table.select([*keys, "time"])
    for name, values in numbers.items():
        parts = parts.append_column(name, values)
    sums = [("used", "count"), ("used", "sum"), ("marked", "sum"), ("station", "count_distinct")]
    sums += [("time", "min"), ("time", "max")]
    rows = parts.group_by(keys).aggregate(sums).sort_by([(key, "ascending") for key in keys]).to_pylist()
    return [
        InventoryRow(
            row["class"],
            row.get("type"),
            row["variable"],
            row["used_count"],
            row["used_sum"],
            row["marked_sum"],
            row["station_count_distinct"],
            row["time_min"].to_datetime64(),
            row["time_max"].to_datetime64(),
        )
        for row in rows
    ]


def refusals(table: pa.Table) -> list[tuple[str, int]]:
    """Verdict and number of the refused data, the most frequent first."""
    counts = pc.value_counts(table.filter(pc.invert(table["used"]))["verdict"]).to_pylist()
    return sorted(((row["values"], row["counts"]) for row in counts), key=lambda row: (-row[1], row[0]))


def unjudged(table: pa.Table) -> str:
    """What nobody has judged of a table yet, in sentences; empty once a check has refused a datum."""
    refused = {verdict for verdict, _ in refusals(table)}
    if not refused <= set(BY_READERS):
        return ""
    begun = "Only what cannot be has been refused" if refused else "No check has judged these data"
    said = f"{begun} yet; 'latentda observations convert --checks' and every analysis check them."
    marks = column(table, "quality")
    bad = int((marks > QualityMarks().worst).sum())
    if (marks == UNCHECKED).all():
        return f"{said} Their producer has marked none of them: all quality marks are {UNCHECKED}, not checked."
    return f"{said} Their producer has marked {bad} of them as bad (quality marks above {QualityMarks().worst})."


def period(table: pa.Table) -> str:
    """The times of the first and the last datum as words.

    Raises:
        UserError: no row.
    """
    if table.num_rows == 0:
        raise UserError("There is no observation, so there is no time of any.")
    times = pc.min_max(table["time"]).as_py()
    first, last = iso(times["min"].to_datetime64()), iso(times["max"].to_datetime64())
    return span(first, last)


def span(first: str, last: str) -> str:
    """Two printed dates as one period: ``1989-01-01 08-14 UTC`` within a day."""
    if first == last:
        return first
    if first[:10] == last[:10]:
        return f"{first[:13]}\N{EN DASH}{last[11:]}"
    return f"{first} to {last}"
