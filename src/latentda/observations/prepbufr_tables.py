"""The tables that a prepBUFR file carries, checked against what NCEP's have always said.

An element encodes the values reference / 10^scale to (reference + 2^width) / 10^scale of its unit. NCEP has changed
the resolution of some since 1989, but never where they begin nor, to a factor of two, how far they reach. A damaged
table would else give all reports of a file another temperature without anything to be seen.

Source: D. Keyser, "PREPBUFR processing at NCEP" (NCEP/EMC), table prepobs_prep.bufrtable; the files of 1989 and 2020.
"""

from __future__ import annotations

from latentda.observations.bufr_decoder import TABLES_CATEGORY, SoundFile, one_sentence
from latentda.observations.table import ObservationError

_ENCODED = {  # lowest value and span, in the file's units
    "XOB": (-180.0, 655.36),
    "YOB": (-90.0, 327.68),
    "DHR": (-24.0, 70.0),
    "XDR": (-180.0, 655.36),
    "YDR": (-90.0, 500.0),
    "HRDR": (-24.0, 70.0),
    "ELV": (-1000.0, 131072.0),
    "POB": (0.0, 1638.4),
    "TOB": (-273.2, 1638.4),
    "QOB": (0.0, 65536.0),
    "ZOB": (-1000.0, 131072.0),
    "UOB": (-409.6, 819.2),
    "VOB": (-409.6, 819.2),
    "PMO": (0.0, 1638.4),
}

_TOGETHER = ("POB PQM", "TOB TQM TPC", "QOB QQM", "ZOB ZQM", "UOB VOB WQM", "XDR YDR HRDR", "PMO PMQ")
"""Elements that always come together: were one of them renamed, the others would be taken for all there is."""


def require_tables(file: SoundFile) -> None:
    """Refuse a prepBUFR file without tables.

    Raises:
        ObservationError: no message describes the others.
    """
    if TABLES_CATEGORY not in file.frames.categories:
        raise ObservationError(
            f"{file.named} lacks its own tables (messages of data category {TABLES_CATEGORY}), without which its "
            "reports cannot be read; a whole prepBUFR file begins with them"
        )


def check_tables(file: SoundFile) -> None:
    """Refuse a file whose own tables give an observed element another meaning.

    Raises:
        ObservationError: they do, or the file cannot be read.
    """
    with one_sentence(f"{file.named} is no readable BUFR file"):
        elements = file.opened.source_structure(file.headers[0].source_message_index)["effective_occurrences"]
    names = {element["mnemonic"] for element in elements}
    for group in map(str.split, _TOGETHER):
        lacking = [name for name in group if name not in names]
        if 0 < len(lacking) < len(group):
            raise ObservationError(f"{file.named} is damaged BUFR: its tables lack {', '.join(lacking)}")
    for element in elements:
        name = element["mnemonic"]
        if name not in _ENCODED:
            continue
        lowest, span = _ENCODED[name]
        unit = 10.0 ** -element["effective_scale"]
        low, wide = element["effective_reference"] * unit, 2.0 ** element["effective_width"] * unit
        if abs(low - lowest) > 0.01 * span or not 0.5 <= wide / span <= 2.0:
            begun = f"its tables let {name} begin at {low:g} and span {wide:g}"
            raise ObservationError(f"{file.named} is damaged BUFR: {begun}")
