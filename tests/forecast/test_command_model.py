"""A program as a model: NetCDF in, NetCDF out, and what it does wrong is one sentence."""

import shlex
import sys

import numpy as np
import pytest

from latentda import UserError
from latentda.forecast import CommandModel
from latentda.grid import PressureLevels, build_layout, gaussian_grid
from tests.worlds import north_first

LAYOUT = build_layout(gaussian_grid(4, 6), PressureLevels((500.0, 850.0)), {"t": (500.0, 850.0)}, ("sp",))
STATE = np.random.default_rng(0).normal(280.0, 5.0, size=LAYOUT.shape).astype(np.float32)
START = 262_800

WARMER = """
import shutil
import sys
import h5py
import numpy as np
shutil.copy(sys.argv[1], sys.argv[2])
with h5py.File(sys.argv[2], "r+") as state:
    state["temperature"][...] += 1.0
    unit, _, origin = state["time"].attrs["units"].partition(" since ")
    later = np.datetime64(origin.replace(" ", "T")) + np.timedelta64(int(sys.argv[3]), "h")
    state["time"].attrs["units"] = f"{unit} since {later}"
    CHANGE
"""
UPSIDE_DOWN = 'for name in ("latitude", "temperature", "surface_pressure"): turn(state[name])'
TURN = """
def turn(field):
    field[...] = field[:][::-1] if field.ndim == 1 else field[:][..., ::-1, :]
"""


def program(tmp_path, text, layout=LAYOUT):
    file = tmp_path / "a model.py"
    file.write_text(text)
    line = f"{shlex.quote(sys.executable)} {shlex.quote(str(file))} {{input}} {{output}} {{hours}}"
    return CommandModel(line, layout=layout, step_hours=6)


def warmer(tmp_path, change="", layout=LAYOUT):
    return program(tmp_path, TURN + WARMER.replace("CHANGE", change), layout)


def test_a_program_forecasts(tmp_path):
    found = warmer(tmp_path).propagate(STATE, START, (0, 6, 12))
    np.testing.assert_allclose(found[:, :2], [STATE[:2] + k for k in (0.0, 1.0, 2.0)], rtol=1e-6)
    np.testing.assert_allclose(found[:, 2], [STATE[2]] * 3, rtol=1e-6)


def test_its_files_may_be_of_the_other_order_of_latitudes(tmp_path):
    upright = build_layout(north_first(LAYOUT.grid), LAYOUT.vertical, {"t": (500.0, 850.0)}, ("sp",))
    model = warmer(tmp_path, UPSIDE_DOWN, upright)
    np.testing.assert_allclose(model.propagate(STATE, START, (6,))[0, :2], STATE[:2] + 1.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('state["time"].attrs["units"] = f"{unit} since {origin}"', "lacks 1999-12-25T06:00:00"),
        ('del state["surface_pressure"]', "lacks surface_pressure"),
    ],
)
def test_another_time_or_a_state_of_other_variables_is_refused(tmp_path, change, words):
    with pytest.raises(UserError, match=words):
        warmer(tmp_path, change).propagate(STATE, START, (6,))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('import sys\nsys.exit("no ice today")', "ended with code 1: no ice today"),
        ("", "ended without writing {output}"),
    ],
)
def test_a_program_that_fails_says_so(tmp_path, text, words):
    with pytest.raises(UserError, match=words):
        program(tmp_path, text).propagate(STATE, START, (6,))


def test_a_program_that_is_not_there():
    model = CommandModel("./no_such_program {input} {output}", layout=LAYOUT, step_hours=6)
    with pytest.raises(UserError, match=r"The program ./no_such_program cannot be started: No such file"):
        model.propagate(STATE, START, (6,))


@pytest.mark.parametrize(("line", "missing"), [("run", "{input} and {output}"), ("run {input}", "{output}")])
def test_a_command_says_where_it_reads_and_writes(line, missing):
    with pytest.raises(UserError, match=missing):
        CommandModel(line, layout=LAYOUT, step_hours=6)
