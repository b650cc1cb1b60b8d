"""A folder belongs to one computation."""

import pytest

from latentda.runs.claim import LOG, NOTE, claim, claimed
from latentda.runs.lock import LOCK
from latentda.user_error import UserError


def test_the_same_set_up_takes_its_folder_up_again(tmp_path):
    for _ in range(2):
        claim(tmp_path / "run", {"seed": 1, "levels": (500.0,)})
        (tmp_path / "run" / "result").write_text("")
    assert claimed(tmp_path / "run") == {"seed": 1, "levels": [500.0]}
    assert claimed(tmp_path) == {}


def test_another_set_up_is_refused_and_the_difference_named(tmp_path):
    claim(tmp_path, {"seed": 1, "factor": 5.0})
    with pytest.raises(UserError, match=r"holds another run .*\(it differs in factor\)"):
        claim(tmp_path, {"seed": 1, "factor": 2.0}, what="run")
    assert claimed(tmp_path)["factor"] == 5.0


@pytest.mark.parametrize("name", [LOCK, LOG, ".a.json.17.part"])
def test_what_an_earlier_attempt_left_is_no_other_file(tmp_path, name):
    (tmp_path / name).write_text("")
    claim(tmp_path, {"seed": 1})


def test_other_files_and_damaged_notes_are_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("chapter one")
    with pytest.raises(UserError, match="other files"):
        claim(tmp_path, {"seed": 1})
    with pytest.raises(UserError, match="is a file"):
        claim(tmp_path / "thesis.txt", {"seed": 1})
    (tmp_path / NOTE).write_text("{")
    with pytest.raises(UserError, match=r"setup\.json is damaged"):
        claim(tmp_path, {"seed": 1})
