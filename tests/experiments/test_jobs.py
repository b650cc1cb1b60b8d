"""Jobs side by side: all are done, failures are sentences, a dead process loses only its own job."""

import fcntl
import os
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from latentda.experiments.jobs import core_shares, run_jobs


def write_a_file(job, tell, folder):
    tell(0, 1)
    if job == "fail":
        raise ValueError("no\n such   thing")
    if job == "die":
        os._exit(9)
    (folder / job).write_text(str(sorted(os.sched_getaffinity(0))))
    tell(1, 1)


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
from tests.experiments.test_jobs import wait_for_ever
from latentda.experiments.jobs import run_jobs

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
    parent = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    )
    files = [tmp_path / name for name in "ab"]
    while not all(file.exists() and file.read_text() for file in files):
        assert parent.poll() is None
    parent.kill()
    parent.wait()
    for path in files:
        with path.open("r+") as file:
            # Waits until the worker that holds the lock is gone: for ever, if it stays.
            fcntl.flock(file, fcntl.LOCK_EX)
