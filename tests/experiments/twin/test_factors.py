"""Factors in a file: read back, kept beside each other, refused if they are none."""

import pytest

from latentda.experiments.twin.catalogue import ExperimentSetUp
from latentda.experiments.twin.factors import read_factors, with_factors, write_factors


def test_what_is_written_is_read_back_beside_what_was_there(tmp_path):
    file = tmp_path / "deep" / "factors.yaml"
    write_factors(file, "one", {"3dvar": 1.5})
    write_factors(file, "two", {"3dvar": 2.5})
    write_factors(file, "one", {"latent_3dvar": 3.25})
    assert read_factors(file) == {"one": {"3dvar": 1.5, "latent_3dvar": 3.25}, "two": {"3dvar": 2.5}}
    assert [path.name for path in file.parent.iterdir()] == ["factors.yaml"]


def test_a_set_up_takes_its_own(tmp_path):
    write_factors(tmp_path / "f", "one", {"3dvar": 1.5})
    setup = with_factors(ExperimentSetUp("one"), tmp_path / "f")
    assert (setup.factor("3dvar"), setup.factor("latent_3dvar")) == (1.5, 2.0)
    with pytest.raises(ValueError, match=r"two.*one"):
        with_factors(ExperimentSetUp("two"), tmp_path / "f")


@pytest.mark.parametrize("text", ["one: 3", "one: {3dvar: -1}", "one: {3dvar: [", "[1, 2]", "one: {3dvar: much}"])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / "f").write_text(text)
    with pytest.raises(ValueError, match="factors"):
        read_factors(tmp_path / "f")
    with pytest.raises(ValueError, match="nowhere"):
        read_factors(tmp_path / "nowhere")
