"""Whatever the encoding of a terminal, every command prints."""

import io
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from latentda.cli.app import app
from latentda.cli.show import console
from latentda.cli.terminal import never_refuse_a_sign, spelled

REPORTED = Path(__file__).parents[1] / "data" / "reported"


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp437", "utf-8"])
def test_a_table_on_a_terminal_of_any_encoding(encoding):
    path = str(REPORTED / "32_terminal_without_utf_8" / "iso.csv")
    result = CliRunner(charset=encoding).invoke(app, ["observations", "summary", path])
    assert result.exit_code == 0
    words = result.stdout.split()
    for word in ("ADPUPA", "t", "2", "12:00", "13:00"):
        assert word in words
    assert ("12-13" if encoding != "utf-8" else "12\N{EN DASH}13") in words


def test_signs_are_spelled_by_the_nearest_that_there_are():
    assert spelled("12\N{EN DASH}13 m s\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT ONE}", "ascii") == "12-13 m s-1"
    assert spelled("60\N{DEGREE SIGN}N", "latin-1") == "60\N{DEGREE SIGN}N"
    assert spelled("caf\u00e9 \u6f22 \udcff", "ascii") == "cafe ? ?"
    assert spelled("\udcff", "utf-8") == "?"


def test_a_progress_bar_and_a_table_share_the_terminal(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", stream)
    console.print("O\N{EN DASH}B")
    never_refuse_a_sign()
    print("\N{GREEK SMALL LETTER SIGMA}")
    stream.flush()
    assert stream.buffer.getvalue().decode("ascii").split() == ["O-B", "?"]
