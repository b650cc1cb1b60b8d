"""What a user can mend is a sentence; what only we can mend is a traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from latentda.cli.show import one_sentence, table
from latentda.fields import FieldsError
from latentda.user_error import NotFiniteError, NotThereError, UserError


def failing(error):
    """A command that fails, and how it ended."""
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def command() -> None:
        with one_sentence():
            raise error

    return CliRunner().invoke(app)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UserError("Two\n lines  [bold]of[/bold] text."), "latentda: Two lines [bold]of[/bold] text."),
        (FieldsError("There is no store."), "latentda: There is no store."),
        (NotThereError("No channel 't'."), "latentda: No channel 't'."),
        (NotFiniteError("The loss is nan."), "latentda: The loss is nan."),
        (PermissionError(errno.EACCES, "Permission denied", "/a/b"), "latentda: /a/b: permission is denied."),
        (OSError(errno.ENOSPC, "No space"), "latentda: A file cannot be used: no space is left on the device."),
    ],
)
def test_what_a_user_can_mend_is_one_sentence(error, said):
    result = failing(error)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [said]
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    "error", [ValueError("no"), KeyError("t"), FloatingPointError("x"), RuntimeError("x"), OSError("odd"), TypeError()]
)
def test_an_error_of_our_own_keeps_its_traceback(error):
    result = failing(error)
    assert result.exit_code != 0
    assert result.exception is error
    assert "latentda:" not in result.stderr


def test_tracebacks_of_sentences_are_shown_on_request(monkeypatch):
    error = UserError("There is no store.")
    monkeypatch.setenv("LATENTDA_DEBUG", "1")
    assert failing(error).exception is error
    monkeypatch.setenv("LATENTDA_DEBUG", "0")
    assert isinstance(failing(error).exception, SystemExit)


def test_an_interruption_is_no_error_of_either_kind():
    assert failing(KeyboardInterrupt()).exit_code == 130


@pytest.mark.parametrize("platform", ["cuda", "gpu", "tpu"])
def test_a_device_that_is_not_there_is_said_before_any_work(platform, monkeypatch):
    def none():
        raise AssertionError if platform == "cuda" else RuntimeError(f"Unable to initialize backend '{platform}'")

    monkeypatch.setenv("JAX_PLATFORMS", platform)
    monkeypatch.setattr("jax.devices", none)
    (sentence,) = failing(RuntimeError("never reached")).stderr.splitlines()
    assert "JAX finds no device" in sentence
    assert f"JAX_PLATFORMS names, '{platform}'" in sentence


def test_the_command_says_it_too(tmp_path):
    """In a process of its own, where JAX itself fails."""
    command = "from latentda.cli import main; main()"
    arguments = ["single-observation", "--method", "3dvar", "--out", str(tmp_path / "so")]
    environment = os.environ | {"JAX_PLATFORMS": "rocm", "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", command, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert "JAX_PLATFORMS names, 'rocm'" in sentence


def test_brackets_in_a_table_are_no_markup(capsys):
    table("M [h]", ["check", "found"], [["runs", "pip install 'latentda[world]'"], ["size", 1.0]])
    told = capsys.readouterr().out
    assert "latentda[world]" in told
    assert "M [h]" in told
