"""A panic of the decoder is one sentence, without the trace it writes by itself; all other words arrive."""

import gzip
import os

import pytest

from latentda.observations import ObservationError, read_prepbufr
from latentda.observations.decoder_panics import traces_held_back


class PanicException(BaseException):
    """Named as a panic is."""


def _say(words, error=None):
    """Write past Python, as the decoder does, and perhaps fail."""
    with traces_held_back():
        os.write(2, words)
        if error is not None:
            raise error


def test_the_trace_of_a_panic_is_dropped_and_other_words_are_not(capfd):
    with traces_held_back():
        os.write(2, b"a warning\n")
        _say(b"another call\n")
    with pytest.raises(PanicException):
        _say(b"thread panicked at src/rust\n", PanicException())
    with pytest.raises(ZeroDivisionError):
        _say(b"a fault\n", ZeroDivisionError())
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "a warning\nanother call\na fault\nafter\n"


def test_damaged_tables_that_make_the_decoder_panic(shipped_cycle, tmp_path, capfd):
    content = bytearray(gzip.decompress(shipped_cycle.read_bytes()))
    content[content.index(b"012253362244ZCLI") + 6] = 201  # in the number of an element
    (tmp_path / "cycle").write_bytes(content)
    with pytest.raises(ObservationError, match="the decoder gave up"):
        read_prepbufr(tmp_path / "cycle")
    assert capfd.readouterr().err == ""
