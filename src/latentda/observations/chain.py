"""Quality control as a chain of checks, and the chain as data.

Checks are of four stages, and a chain runs its stages in order whatever the order it names its checks in: data judged
by themselves, duplicates, soundings judged against themselves, and last the choice of fewer data. The checks of the
first three stages all see the table as the stage found it, so their order decides only which of them is named, never
which data are used. Those of the last stage follow each other as they stand in the chain.

In YAML, with every setting optional but those of thinning and superobbing::

    checks:
      - {check: quality_marks, worst: 3}
      - {check: range}
      - {check: window, hours_before: 3, hours_after: 3}
      - {check: blacklist, file: blacklist.yaml}   # beside this file; or entries: [...] in place
      - {check: hydrostatic, factor: 4}
      - {check: thinning, degrees: 0.5, log_pressure: 0.15, classes: [ADPUPA]}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from latentda.observations.blacklist import read_blacklist
from latentda.observations.chain_links import (
    DATUM,
    FEWER,
    BelowGround,
    Blacklist,
    Duplicates,
    ErrorSize,
    HumidityAloft,
    Hydrostatic,
    LapseRate,
    Link,
    Position,
    QualityMarks,
    Range,
    Superobbing,
    Thinning,
    Window,
    WindShear,
)
from latentda.observations.table import ObservationError, column, refuse, used
from latentda.settings import read_yaml, validated

Check = Annotated[
    QualityMarks
    | Range
    | ErrorSize
    | BelowGround
    | HumidityAloft
    | Position
    | Window
    | Blacklist
    | Duplicates
    | Hydrostatic
    | LapseRate
    | WindShear
    | Thinning
    | Superobbing,
    Field(discriminator="check"),
]


@dataclass(frozen=True)
class QualityControl:
    """A chain of checks.

    Attributes:
        checks: with their settings; each name may occur more than once.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    checks: tuple[Check, ...] = (
        QualityMarks(),
        Range(),
        ErrorSize(),
        BelowGround(),
        Position(),
        Duplicates(),
        Hydrostatic(),
        LapseRate(),
        WindShear(),
    )

    @property
    def of_single_data(self) -> QualityControl:
        """The checks of the first stage alone."""
        return QualityControl(tuple(check for check in self.checks if check.stage == DATUM))

    def apply(self, table: pa.Table, analysis_time: datetime | np.datetime64 | None = None) -> pa.Table:
        """The table after all checks; rows that were refused before keep their verdict.

        Args:
            table: the observations.
            analysis_time: UTC; only a window needs it.

        Raises:
            ObservationError: the chain has a window and no time is given.
        """
        for stage in sorted({check.stage for check in self.checks}):
            links: list[Link] = [check for check in self.checks if check.stage == stage]
            if stage == FEWER:
                for link in links:
                    table = link(table, analysis_time)
            else:
                table = _side_by_side(table, links, analysis_time)
        return table


def read_quality_control(path: str | Path) -> QualityControl:
    """Read a chain from a YAML file; an empty file gives the default chain.

    Raises:
        ObservationError: the file is missing, no YAML or no chain; the message names the entry.
    """
    path = Path(path)
    try:
        content = read_yaml(path, "quality control in YAML")
        return validated(QualityControl, _with_entries(content or {}, path.parent), f"{path} is no quality control")
    except ValueError as error:
        raise ObservationError(str(error)) from error


def _side_by_side(table: pa.Table, links: list[Link], analysis_time: datetime | np.datetime64 | None) -> pa.Table:
    """All links on the same table; a row that several refuse gets the verdict of the first."""
    judged = [link(table, analysis_time) for link in links]
    before = used(table)
    for other in judged:
        fresh = before & ~used(other)
        verdict = column(other, "verdict")
        for name in sorted(set(verdict[fresh])):
            table = refuse(table, fresh & (verdict == name), name)
    return table


def _with_entries(content: Any, folder: Path) -> Any:
    """The content with the files of blacklists read; anything malformed is left to the validation."""
    checks = content.get("checks") if isinstance(content, Mapping) else None
    if not isinstance(checks, list):
        return content
    return {**content, "checks": [_with_file(check, folder) for check in checks]}


def _with_file(check: Any, folder: Path) -> Any:
    if not isinstance(check, Mapping) or check.get("check") != "blacklist" or "file" not in check:
        return check
    rest = {name: value for name, value in check.items() if name != "file"}
    return {**rest, "entries": (*rest.get("entries", ()), *read_blacklist(folder / str(check["file"])))}
