"""The command that trains from a store leaves weights, scores, a curve and a picture, on a regional grid too."""

import numpy as np
import pytest
from typer.testing import CliRunner

from latentda.cli.app import app
from latentda.fields import StateWriter, StoreSampler, fit_standardizer, write_standardizer
from latentda.figures.learning import shown_channels
from latentda.grid import hour_sequence, regional_grid
from latentda.networks import read_about, read_autoencoder
from latentda.workflows.train_autoencoder import HEADER, read_learning_settings
from tests.worlds import pressure_layout, sigma_layout

LAYOUT = pressure_layout(regional_grid(np.linspace(50.0, 40.0, 7), np.linspace(-5.0, 10.0, 10)), "ut", levels=(500.0,))
SETTINGS = """
network: {patch: 4, latent: 6, width: 8, heads: 2, blocks: 1, mlp_ratio: 2}
training: {steps: 8, batch_size: 4, checkpoint_every: 4}
"""


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A folder in which a network was trained by the command, and the command."""
    folder = tmp_path_factory.mktemp("learned")
    states = np.random.default_rng(0).normal(280.0, 5.0, size=(48, *LAYOUT.shape)).astype(np.float32)
    states = 0.5 * (states + np.roll(states, 1, axis=0))
    StateWriter(folder / "store.zarr", LAYOUT, compact=False).append(states, hour_sequence("2000-01-01", 48, 6))
    pieces = StoreSampler(folder / "store.zarr", LAYOUT).pieces
    write_standardizer(fit_standardizer(pieces, LAYOUT, annual=0), folder / "standardizer.safetensors")
    (folder / "settings.yaml").write_text(SETTINGS)
    command = ["train", "autoencoder", "--data", str(folder / "store.zarr"), "--world", str(folder)]
    command += ["--config", str(folder / "settings.yaml"), "--end", "2000-01-09", "--validate-from", "2000-01-10"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    return folder, command, result.output


def test_scores_are_written_a_channel(learned):
    folder, _, output = learned
    about = read_about(folder / "autoencoder.safetensors")
    rows = about["unexplained_variance"]
    assert [row["channel"] for row in rows] == [*LAYOUT.names, "mean"]
    for row in rows:
        assert all(0.0 < row[name] < 2.0 for name in HEADER[1:])
    assert rows[-1]["linear"] == pytest.approx(np.mean([row["linear"] for row in rows[:-1]]), abs=1e-4)
    assert about["held_out_loss"]["network"] > 0.0
    assert about["period"] == "2000-01-01 00 UTC to 2000-01-08 18 UTC, 32 states"
    assert about["throughput"]["states_per_second"] > 0.0
    assert "states/s" in output
    assert output.splitlines()[-1].endswith("autoencoder.safetensors")


def test_the_network_is_that_of_the_region(learned):
    folder, _, _ = learned
    network = read_autoencoder(folder / "autoencoder")
    assert not network.periodic
    assert network.latent_shape == (6, 2, 3)
    assert network.decode(network.encode(np.ones(LAYOUT.shape, np.float32))).shape == LAYOUT.shape


def test_figures_are_drawn(learned):
    folder, _, _ = learned
    for name in ("training.png", "reconstruction.png"):
        assert (folder / name).read_bytes()[:4] == b"\x89PNG"


def test_other_settings_do_not_go_on_from_the_checkpoint(learned):
    _, command, _ = learned
    result = CliRunner().invoke(app, [*command, "--steps", "9"])
    assert result.exit_code == 1
    assert "training.steps 8, now 9" in result.stderr


def test_two_channels_are_shown():
    layout = sigma_layout()
    assert [layout.names[i] for i in shown_channels(layout)] == ["u@0.9", "q@0.9"]
    assert shown_channels(layout.select(["sp"])) == [0]


def test_an_objective_without_weight_is_named(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("objective: {reconstruction: 0, difference: 0}")
    with pytest.raises(ValueError, match=r"objective: .*one of them must be positive"):
        read_learning_settings(path, None)
