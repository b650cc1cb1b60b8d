"""``latentda single-observation`` refuses in one sentence, before anything long starts."""

import pytest
from typer.testing import CliRunner

from latentda.cli.app import app


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--method", "5dvar"], "latent_3dvar"),
        (["--method", "free_run"], "leave free_run out"),
        (["--variable", "w"], "Unknown variable 'w'"),
        (["--variable", "zs"], "zs"),
        (["--level-hpa", "1"], "no t at 1 hPa over 46.1 N 14.5 E"),
        (["--error", "0"], "positive error"),
        (["--background", "nowhere.zarr"], "nowhere.zarr"),
        (["--date", "yesterday"], "no date"),
        (["--observations", "net.csv", "--lat", "3"], "leave --variable, --lat and --lon out"),
    ],
)
def test_wrong_input_is_one_sentence(options, words, tmp_path):
    result = CliRunner().invoke(app, ["single-observation", *options, "--out", str(tmp_path / "out")])
    assert result.exit_code == 1, result.output
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
