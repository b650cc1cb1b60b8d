"""Files are written whole or not at all, and what cannot be written or read is said in one sentence."""

import errno
import multiprocessing
import os
import resource
import stat
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from latentda.files import (
    files_digest,
    fitting,
    read_arrays,
    read_header,
    unusable,
    whole,
    write_arrays,
    write_json,
    write_text,
    written,
)
from latentda.user_error import UserError

ARRAYS = {
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3),
    "transposed": np.arange(6, dtype=np.int64).reshape(2, 3).T,
    "number": np.float64(0.1),
    "half": np.ones(3, np.float16),
}


def test_arrays_and_header_come_back_as_they_were(tmp_path):
    path = tmp_path / "new" / "a.safetensors"
    write_arrays(path, "kind", ARRAYS, {"settings": {"width": 4}, "loss": 0.1})
    found, header = read_arrays(path, "kind")
    assert header == read_header(path, "kind") == {"settings": {"width": 4}, "loss": 0.1, "kind": "kind"}
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


def test_others_may_read_what_they_may_read_of_any_new_file(tmp_path):
    write_text(tmp_path / "text", "")
    write_arrays(tmp_path / "arrays", "kind", ARRAYS)
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("text", "arrays")}
    assert len(modes) == 1


def test_only_the_whole_file_is_left(tmp_path):
    for content in ("one", "two"):
        write_json(tmp_path / "a.json", {"content": content})
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert "two" in (tmp_path / "a.json").read_text()


def test_a_link_stays_one(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "a.txt").symlink_to(tmp_path / "disk" / "a.txt")
    write_text(tmp_path / "a.txt", "one")
    assert (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "disk" / "a.txt").read_text() == "one"


def half_a_store(path):
    with whole(path) as partial:
        partial.mkdir()
        (partial / "piece").write_text("half")
        raise KeyError


def test_a_store_of_a_folder_is_whole_too(tmp_path):
    with pytest.raises(KeyError):
        half_a_store(tmp_path / "store")
    assert list(tmp_path.iterdir()) == []
    with whole(tmp_path / "store") as partial:
        partial.mkdir()
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def killed_while_writing(path):
    with whole(path) as partial:
        partial.write_text("half of the n")
        os._exit(9)


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    process = multiprocessing.get_context("fork").Process(target=killed_while_writing, args=(tmp_path / "a.txt",))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert (tmp_path / "a.txt").read_text() == "old"
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"


def writes(path):
    return {
        "text": lambda: write_text(path, "x" * 100_000),
        "json": lambda: write_json(path, ["x" * 100_000]),
        "arrays": lambda: write_arrays(path, "kind", {"a": np.zeros(100_000)}),
    }


@pytest.mark.parametrize("kind", ["text", "json", "arrays"])
@pytest.mark.parametrize("before", [None, "old"])
def test_no_room_is_one_sentence_and_no_part_is_left(tmp_path, kind, before):
    path = tmp_path / "a.file"
    if before:
        path.write_text(before)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(UserError, match=r"a\.file cannot be written: the file would be larger than is allowed"):
            writes(path)[kind]()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [p.read_text() for p in tmp_path.iterdir()] == ([before] if before else [])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_device_is_one_sentence(tmp_path):
    said = r"a\.txt cannot be written: no space is left on the device"
    with pytest.raises(UserError, match=said), whole(tmp_path / "a.txt"), open("/dev/full", "w") as file:
        file.write("x")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space is left"),
        (OSError("[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device"), "no space"),
        (RuntimeError("Can't decrement id ref count (file write failed: errno = 28, error message = '')"), "no space"),
        (PermissionError(errno.EACCES, "Permission denied"), "permission is denied"),
        (OSError(errno.EROFS, "Read-only file system"), "read-only"),
    ],
)
def test_the_reason_is_found_in_what_libraries_say(tmp_path, error, reason):
    assert reason in unusable(error)
    with pytest.raises(UserError, match=reason), written(tmp_path / "store.zarr"):
        raise error


@pytest.mark.parametrize("error", [RuntimeError("no such shape"), KeyError("t"), OSError("odd"), ValueError("ours")])
def test_errors_of_our_own_pass(tmp_path, error):
    with pytest.raises(type(error)) as caught, whole(tmp_path / "a"):
        raise error
    assert caught.value is error
    assert list(tmp_path.iterdir()) == []


def test_names_that_cannot_be_written_to_are_said(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "a.txt", tmp_path / "folder", tmp_path / ("a" * 300)):
        with pytest.raises(UserError, match="cannot be written"):
            write_text(path, "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_folder_is_said(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(UserError, match="permission is denied"):
        write_arrays(tmp_path / "a", "kind", ARRAYS)


@pytest.mark.parametrize("content", [None, b"", b"Dear forecaster,", "cut", "no header", "header without kind"])
def test_what_is_no_whole_file_is_said(tmp_path, content):
    path = tmp_path / "a.safetensors"
    if content == "cut":
        write_arrays(path, "kind", ARRAYS)
        path.write_bytes(path.read_bytes()[:-8])
    elif content == "no header":
        save_file({"a": np.zeros(3)}, path)
    elif content == "header without kind":
        save_file({"a": np.zeros(3)}, path, {"header": "{}"})
    elif content is not None:
        path.write_bytes(content)
    for read in (read_arrays, read_header):
        with pytest.raises(UserError, match=r"a\.safetensors holds no kind") as caught:
            read(path, "kind")
        assert "\n" not in str(caught.value)


def test_another_kind_is_said(tmp_path):
    write_arrays(tmp_path / "a", "pairs", ARRAYS)
    with pytest.raises(UserError, match="holds no checkpoint; it is a file of kind 'pairs'"):
        read_arrays(tmp_path / "a", "checkpoint")


def test_what_a_kind_lacks_is_said(tmp_path):
    said = "holds no pairs of the form that is read here: it lacks 'b'"
    with pytest.raises(UserError, match=said), fitting(tmp_path / "a", "pairs"):
        {}["b"]


def test_infinity_is_no_json(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "a.json", {"loss": float("inf")})
    assert list(tmp_path.iterdir()) == []


def test_the_digest_is_that_of_the_content_in_order(tmp_path):
    for name, content in (("a", b"one"), ("b", b"two"), ("c", b"one")):
        (tmp_path / name).write_bytes(content)
    first, other, same = ([tmp_path / name for name in names] for names in ("ab", "ba", "cb"))
    assert files_digest(first) == files_digest(same) != files_digest(other)
