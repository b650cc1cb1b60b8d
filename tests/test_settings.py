"""Settings from YAML: what is wrong with a file is said in one sentence."""

from dataclasses import dataclass

import pytest

from latentda.settings import read_yaml, validated
from latentda.workflows.train_autoencoder import LearningSettings, read_learning_settings


@dataclass(frozen=True)
class Pair:
    first: int
    second: float = 2.0


def test_content_becomes_an_object_of_its_type():
    assert validated(Pair, {"first": 1}, "no pair") == Pair(1)
    with pytest.raises(ValueError, match=r"^no pair: first: .*integer.*\.$"):
        validated(Pair, {"first": "x"}, "no pair")


def test_a_file_that_is_no_yaml_is_refused_in_one_line(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text("network: {latent: [\n")
    for read in (lambda: read_yaml(file, "settings"), lambda: read_learning_settings(file, None)):
        with pytest.raises(ValueError, match="cannot be read as settings") as caught:
            read()
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="cannot be read"):
        read_yaml(tmp_path / "absent.yaml", "settings")


def test_training_keeps_its_defaults_beside_what_a_file_says(tmp_path):
    file = tmp_path / "some.yaml"
    file.write_text("training: {batch_size: 4}\n")
    found = read_learning_settings(file, 7)
    assert (found.training.batch_size, found.training.steps, found.training.checkpoint_every) == (4, 7, 100)
    assert read_learning_settings(None, None) == LearningSettings()
    file.write_text("- no mapping\n")
    with pytest.raises(ValueError, match=r"some\.yaml"):
        read_learning_settings(file, None)
