"""Jobs side by side: all are done, failures are sentences, a dead process loses only its own job."""

import fcntl
import multiprocessing
import os
import subprocess
import sys
import threading
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from latentda.runs.workers import _send, _Worker, core_shares, run_jobs
from latentda.user_error import UserError

ROOT = Path(__file__).parents[2]


def write_a_file(job, tell, folder):
    tell(0, 1)
    if job == "fail":
        raise UserError("no\n such   thing")
    if job == "bug":
        raise ValueError("shapes\n (3,) and (4,)")
    if job == "last":  # the worker dies when it asks for another job
        Connection.recv = die
    if job == "die":
        os._exit(9)
    (folder / job).write_text(str(sorted(os.sched_getaffinity(0))))
    tell(1, 1)


def die(connection):
    del connection
    os._exit(9)


def log_of(job, folder):
    return folder / f"{job}.log"


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_done_and_a_failure_is_one_sentence(tmp_path, workers):
    heard = []
    jobs = ["a", "fail", "b", "c"]
    failures = run_jobs(jobs, partial(write_a_file, folder=tmp_path), workers, lambda *told: heard.append(told))
    assert failures == {1: "no such thing"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]
    assert {(number, 1, 1) for number in (0, 2, 3)} <= set(heard)


def test_a_process_that_dies_loses_only_its_job(tmp_path):
    failures = run_jobs(["die", "a", "b"], partial(write_a_file, folder=tmp_path), 2, lambda *told: None)
    assert failures == {0: "its process ended with exit code 9"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_worker_that_dies_between_jobs_loses_none(tmp_path):
    jobs = ["last", "a", "b", "c", "d"]
    failures = run_jobs(jobs, partial(write_a_file, folder=tmp_path), 2, lambda *told: None)
    assert failures == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(jobs)


def test_what_cannot_be_told_to_a_dead_worker_ends_nobody(tmp_path):
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    theirs.close()
    _send(_Worker(context.Process(), ours, (), 0), "job")


@pytest.mark.parametrize("workers", [1, 2])
def test_the_traceback_of_a_bug_is_kept_and_that_of_a_mistake_is_not(tmp_path, workers):
    work, log = partial(write_a_file, folder=tmp_path), partial(log_of, folder=tmp_path / "logs")
    failures = run_jobs(["bug", "fail", "a"], work, workers, lambda *told: None, log)
    file = tmp_path / "logs" / "bug.log"
    assert failures == {0: f"ValueError: shapes (3,) and (4,) (see {file})", 1: "no such thing"}
    assert "in write_a_file" in file.read_text()
    assert [path.name for path in file.parent.iterdir()] == ["bug.log"]


def test_without_a_place_the_traceback_of_a_bug_is_shown(tmp_path, capfd):
    failures = run_jobs(["bug"], partial(write_a_file, folder=tmp_path), 1, lambda *told: None)
    assert failures == {0: "ValueError: shapes (3,) and (4,)"}
    assert "in write_a_file" in capfd.readouterr().err


def test_workers_share_the_cores():
    cores = sorted(os.sched_getaffinity(0))
    for workers in (1, 2, 3):
        shares = core_shares(workers)
        assert len(shares) == workers
        assert {core for share in shares for core in share} == set(cores) or workers < len(cores)
        if workers <= len(cores):
            assert sorted(core for share in shares for core in share) == cores


ORPHAN = """
import sys, time
from pathlib import Path
from tests.runs.test_workers import wait_for_ever
from latentda.runs.workers import run_jobs

if __name__ == "__main__":
    run_jobs([sys.argv[1] + "/a", sys.argv[1] + "/b"], wait_for_ever, 2, lambda *told: None)
"""


def wait_for_ever(job, tell):
    with open(job, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("here")
        file.flush()
        threading.Event().wait()


def test_workers_end_with_a_killed_parent(tmp_path):
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "src")))}
    parent = subprocess.Popen([sys.executable, str(script), str(tmp_path)], env=environment)
    files = [tmp_path / name for name in "ab"]
    while not all(file.exists() and file.read_text() for file in files):
        assert parent.poll() is None
    parent.kill()
    parent.wait()
    for path in files:
        with path.open("r+") as file:
            # Waits until the worker that holds the lock is gone: for ever, if it stays.
            fcntl.flock(file, fcntl.LOCK_EX)
