"""``latentda check model``: a table, and an exit code that scripts can use."""

import numpy as np
import pytest
from typer.testing import CliRunner

from latentda.cli.app import app
from latentda.fields import to_dataset, write_netcdf, write_standardizer
from tests.cycling.conftest import LAYOUT, standardizer
from tests.worlds import states_of

HERE = __name__


def damp(state, hours):
    return 0.99 * state


def swell(state, hours):
    return 2.0 * state


def lose(state, hours):
    return np.full_like(state, np.nan)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    (folder / "world.yaml").write_text("name: here\ninterval_hours: 12\n")
    write_standardizer(standardizer(), folder / "standardizer.safetensors")
    states = states_of(LAYOUT, 2)
    write_netcdf(to_dataset(states, LAYOUT, ["2001-01-01", "2001-01-02"]), folder / "states.nc")
    return folder


def check(world, model, *options):
    return CliRunner().invoke(app, ["check", "model", model, "--world", str(world), *options], terminal_width=200)


@pytest.mark.parametrize("kind", ["numpy", "jax"])
def test_a_good_model(world, kind):
    result = check(
        world, f"{kind}:{HERE}:damp?step_hours=6", "--background", str(world / "states.nc"), "--time", "2001-01-02"
    )
    assert result.exit_code == 0, result.output
    assert "surface pressure" in result.output
    assert "NO" not in result.output
    assert ("adjoint" in result.output) == (kind == "jax")


def test_a_step_that_changes_too_much_fails(world):
    result = check(world, f"numpy:{HERE}:swell?step_hours=6", "--time", "2001-07-01")
    assert result.exit_code == 1
    assert "NO" in result.output


def test_a_model_that_fails_says_why_in_the_table(world):
    result = check(world, f"numpy:{HERE}:lose?step_hours=6")
    assert result.exit_code == 1
    assert "NaN or infinity 6 h ahead" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (f"numpy:{HERE}:damp", (), "does not say how long its step is"),
        (f"numpy:{HERE}:damp?step_hours=5", (), "do not divide the 12 h"),
        ("weather", (), "Unknown model 'weather'"),
        ("persistence", ("--background", "nowhere.nc"), "nowhere.nc"),
        ("persistence", ("--time", "soon"), "no date"),
        ("persistence", ("--background", "states.nc"), "it has 2 times; choose one with --time"),
    ],
)
def test_wrong_input_is_one_sentence(world, model, options, words):
    result = check(world, model, *(str(world / one) if one == "states.nc" else one for one in options))
    assert result.exit_code == 1, result.output
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
