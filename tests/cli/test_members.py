"""Options of ensembles: for methods that have members, in numbers that are such."""

import pytest
from typer.testing import CliRunner

from latentda.cli.app import app

GIVEN = ["--world", "W", "--background", "b.nc", "--observations", "o.csv", "--start", "2024-06-01T00"]
GIVEN += ["--end", "2024-06-02T00", "--out", "out"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--method", "3dvar", "--localization", "2500"], "3dvar has no members to localise"),
        (["--method", "letkf", "--localization", "2500,1,3"], "a radius in km and one in ln p"),
        (["--method", "letkf", "--localization", "-5"], "horizontal_km is positive; got -5"),
        (["--method", "letkf", "--localization", "far"], "Numbers with commas between them were wanted"),
    ],
)
def test_wrong_options_are_one_sentence(options, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["cycle", *GIVEN, *options])
    assert result.exit_code == 1
    assert sentence in " ".join(result.stderr.split())
    assert not list(tmp_path.iterdir())
