"""Verdicts: what each says, and how many data got which."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

VERDICTS = {
    "": "The datum is used.",
    "missing": "The row has no value.",
    "error": "The row's own observation error is no positive number, or larger than any can be.",
    "level": "The row's pressure or height cannot be right, or it lies aloft and has neither.",
    "unclear": "The file's word on whether the row is used is neither yes nor no.",
    "virtual_temperature": "The report gives virtual temperature, and without humidity it cannot be made sensible.",
    "quality_mark": "The producing centre's own quality mark says the datum is not good.",
    "range": "The value lies outside of what the atmosphere can do.",
    "below_ground": "The geopotential lies below the station and is extrapolated, not measured.",
    "humidity_aloft": "Humidity sensors are not trusted this high up, where it is cold and dry.",
    "outside_window": "The datum was taken before or after the assimilation window.",
    "error_size": "The error that comes with the datum is as wide as what the atmosphere can do: nothing was measured.",
    "not_assimilated": "Data of this kind are not assimilated in this experiment.",
    "position": "The report's place, or its station's height, cannot be right.",
    "blacklist": "The station, or this part of its data, is on the blacklist.",
    "duplicate": "Another datum of the same station, time and place, with a mark at least as good, is used.",
    "hydrostatic": "Heights and temperatures of the sounding contradict each other at this level.",
    "lapse_rate": "The temperature falls or rises more from the neighbouring level than the atmosphere allows.",
    "wind_shear": "The wind changes more from the neighbouring level than the atmosphere allows.",
    "thinned": "A neighbour in the same box of the thinning is used.",
    "superobbed": "The mean of its box is used in its place.",
    "withheld": "The station is held back to verify the analysis.",
    "no_equivalent": "The model has no equivalent of the datum: of its kind, below its ground or above its levels.",
    "first_guess": "The datum is further from the background than the expected errors allow.",
}
"""One sentence for every verdict of the package."""

BY_READERS = ("missing", "error", "level", "unclear", "virtual_temperature", "position", "range")
"""Verdicts of data that were found out when they were read, before any check; some are a check's too."""

CHECKED = ("", "first_guess", "withheld", "blacklist")
"""Verdicts of data that passed every check which does not look at the background."""


def explain(verdict: str) -> str:
    """One sentence on what a verdict means; also for verdicts of other programs, which are only named."""
    return VERDICTS.get(verdict, f"The datum was refused by a check named {verdict!r}.")


def verdict_counts(table: pa.Table) -> pa.Table:
    """How many data got which verdict: columns `class`, `variable`, `verdict` ("" for used), `count`, in this order."""
    keys = ["class", "variable", "verdict"]
    ones = table.select(keys).append_column("count", pc.cast(pc.is_valid(table["verdict"]), pa.int64()))
    counts = ones.group_by(keys).aggregate([("count", "sum")])
    counts = counts.rename_columns([*keys, "count"])
    return counts.sort_by([(key, "ascending") for key in keys])
