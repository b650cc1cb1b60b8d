"""One process at a time; the others wait and say so."""

import multiprocessing
import threading

import pytest

from latentda.runs.lock import only_process, only_writer
from latentda.user_error import UserError


def hold(locked, path, held, go):
    with locked(path):
        held.set()
        go.wait()


def hold_and_die(locked, path):
    with locked(path):
        import os

        os._exit(9)


@pytest.mark.parametrize("locked", [only_process, only_writer])
def test_a_second_process_waits_and_says_so(tmp_path, locked, caplog):
    context = multiprocessing.get_context("fork")
    held, go = context.Event(), context.Event()
    path = tmp_path / "new" / "store.zarr"
    first = context.Process(target=hold, args=(locked, path, held, go))
    first.start()
    held.wait()
    threading.Thread(target=lambda: (said(caplog), go.set()), daemon=True).start()
    with locked(path):
        assert go.is_set()
    first.join()
    assert first.exitcode == 0
    assert caplog.messages == [f"latentda: another process works on {path}; waiting until it ends."]


def said(caplog):
    while not caplog.messages:
        pass


@pytest.mark.parametrize("locked", [only_process, only_writer])
def test_the_lock_ends_with_its_process_and_leaves_nothing(tmp_path, locked, caplog):
    process = multiprocessing.get_context("fork").Process(target=hold_and_die, args=(locked, tmp_path / "folder"))
    process.start()
    process.join()
    with locked(tmp_path / "folder"):
        pass
    assert not caplog.messages
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_error_inside_passes_and_frees_the_folder(tmp_path):
    with pytest.raises(KeyError), only_process(tmp_path):
        raise KeyError
    with only_process(tmp_path):
        pass


def test_where_nothing_can_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"), only_process(tmp_path / "file"):
        pass
