"""A results folder belongs to one experiment: resumed by its own set-up, refused to any other."""

from dataclasses import asdict

import pytest

from latentda.experiments.twin.demo import TwinSetUp
from latentda.runs.claim import claim
from latentda.world import WorldFolder


@pytest.fixture
def world(tmp_path):
    folder = tmp_path / "world"
    folder.mkdir()
    (folder / "weights.safetensors").write_bytes(b"one")
    return WorldFolder(folder)


def test_the_same_set_up_takes_its_folder_up_again(tmp_path, world):
    for _ in range(2):
        claim(tmp_path / "out", {**asdict(TwinSetUp()), "world": world.digest})


def test_another_seed_is_refused(tmp_path, world):
    claim(tmp_path / "out", {**asdict(TwinSetUp(seed=0)), "world": world.digest})
    with pytest.raises(ValueError, match="another experiment"):
        claim(tmp_path / "out", {**asdict(TwinSetUp(seed=1)), "world": world.digest})


def test_a_folder_with_other_files_is_refused(tmp_path, world):
    (tmp_path / "thesis.txt").write_text("chapter one")
    with pytest.raises(ValueError, match="other files"):
        claim(tmp_path, {**asdict(TwinSetUp()), "world": world.digest})


def test_other_weights_are_refused(tmp_path, world):
    claim(tmp_path / "out", {**asdict(TwinSetUp()), "world": world.digest})
    (world.folder / "weights.safetensors").write_bytes(b"two")
    with pytest.raises(ValueError, match="another experiment"):
        claim(tmp_path / "out", {**asdict(TwinSetUp()), "world": world.digest})
