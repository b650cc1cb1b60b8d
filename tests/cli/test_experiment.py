"""``latentda experiment``: the list, and one sentence for what cannot be run."""

import pytest
from typer.testing import CliRunner

from latentda.cli.app import app
from latentda.cli.experiment import print_comparison, seed_numbers
from latentda.cli.progress_lines import JobLines
from latentda.cli.show import console
from latentda.verification import Score
from tests.cli.test_app import sentence

run = CliRunner().invoke


def test_the_list_names_every_experiment():
    from latentda.experiments.twin.catalogue import CATALOGUE

    output = run(app, ["experiment", "list"]).output
    assert all(name in output for name in CATALOGUE)


@pytest.mark.parametrize(("text", "numbers"), [("3", (0, 1, 2)), ("0,2", (0, 2)), ("5,", (5,)), ("1", (0,))])
def test_seeds_are_a_number_or_a_list(text, numbers):
    assert seed_numbers(text) == numbers


@pytest.mark.parametrize("text", ["0", "", "many", "1,1", "-1,2"])
def test_other_seeds_are_refused(text):
    with pytest.raises(ValueError, match="Seeds are"):
        seed_numbers(text)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "fraternal-sand"], "fraternal-sonde"),
        (["run", "fraternal-sonde", "--methods", "kriging"], "kriging"),
        (["run", "fraternal-sonde", "--seeds", "no"], "Seeds are"),
        (["tune", "fraternal-sonde", "--methods", "free_run"], "static background error"),
        (["tune", "fraternal-sonde", "--methods", "letkf"], "static background error"),
    ],
)
def test_what_cannot_be_run_is_said_at_once(tmp_path, arguments, words):
    assert words in sentence(run(app, ["experiment", *arguments, "--out", str(tmp_path / "out")]))
    assert not (tmp_path / "out").exists()


def test_a_file_without_the_experiment_s_factors(tmp_path):
    (tmp_path / "f.yaml").write_text("identical-sonde: {3dvar: 1.5}\n")
    command = ["experiment", "run", "fraternal-sonde", "--factors", str(tmp_path / "f.yaml"), "--out", str(tmp_path)]
    assert "identical-sonde" in sentence(run(app, command))


def test_a_report_of_a_folder_without_runs(tmp_path):
    assert "holds no run" in sentence(run(app, ["experiment", "report", str(tmp_path)]))


def test_the_comparison_shows_ratios_with_their_error():
    errors = {"free_run": (0.6, 0.7), "3dvar": (0.3, 0.3), "latent_3dvar": (0.27, 0.29)}
    scores = [
        Score("mine", method, seed, "mean", lead, kind, error, 5)
        for method, values in errors.items()
        for seed, error in enumerate(values)
        for kind, lead in (("analysis", 0), ("background", 0), ("forecast", 24), ("forecast", 120))
    ]
    with console.capture() as shown:
        print_comparison(scores)
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.get().splitlines() if "│" in line]
    assert ["analysis", "latent 3D-Var", "0.280", "0.933", "0.033", "2"] in rows
    assert [row[0] for row in rows] == ["analysis"] * 3 + ["background"] * 3 + ["5-day forecast"] * 3


def test_a_job_that_ends_leaves_a_line():
    with console.capture() as shown, JobLines(["first", "second"]) as lines:
        for done in range(3):
            lines.listen(0, done, 2)
        lines.listen(1, 2, 2)
    assert "first: 2 cycles, the last 2 in" in shown.get()
    assert "second: all 2 cycles were there" in shown.get()
