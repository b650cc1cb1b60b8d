"""``latentda train forecast``: settings from YAML, weights and scores beside each other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from typer.testing import CliRunner

from latentda.cli.app import app
from latentda.fields import StateWriter, unit_standardizer, write_standardizer
from latentda.grid import hour_sequence
from latentda.networks import (
    AutoencoderSettings,
    LinearPatchCode,
    PatchAutoencoder,
    read_about,
    read_surrogate,
    write_autoencoder,
)
from latentda.networks.surrogate import SURROGATE
from latentda.workflows.train_forecast import read_forecast_settings
from tests.worlds import sigma_layout, smooth_fields

LAYOUT = sigma_layout(names="ut")


def test_settings_name_the_wrong_entry(tmp_path):
    (tmp_path / "a.yaml").write_text("network: {width: wide}\n")
    with pytest.raises(ValueError, match=r"network.width"):
        read_forecast_settings(tmp_path / "a.yaml", None)


def test_steps_of_the_command_line_win(tmp_path):
    (tmp_path / "a.yaml").write_text("rollout: {step_hours: 24, steps: 3}\ntraining: {steps: 5, batch_size: 2}\n")
    settings = read_forecast_settings(tmp_path / "a.yaml", 7)
    assert (settings.training.steps, settings.training.batch_size, settings.rollout.steps) == (7, 2, 3)


def test_the_command_on_a_global_store(tmp_path):
    states = smooth_fields(LAYOUT.grid, 32, LAYOUT.shape[0])
    StateWriter(tmp_path / "a.zarr", LAYOUT, compact=False).append(states, hour_sequence("2000-01-01", 32, 6))
    write_standardizer(unit_standardizer(LAYOUT), tmp_path / "standardizer.safetensors")
    (tmp_path / "a.yaml").write_text("network: {patch: 4, width: 16, heads: 2, blocks: 1}\ntraining: {batch_size: 2}\n")
    arguments = ["--data", str(tmp_path / "a.zarr"), "--world", str(tmp_path), "--config", str(tmp_path / "a.yaml")]
    dates = ["--start", "2000-01-01", "--end", "2000-01-06", "--steps", "3"]
    result = CliRunner().invoke(app, ["train", "forecast", *arguments, *dates])
    assert result.exit_code == 0, result.output
    network = read_surrogate(tmp_path / "surrogate.safetensors")
    assert (network.step_hours, network.periodic, network.state_shape) == (6, True, LAYOUT.shape)
    about = read_about(tmp_path / "surrogate.safetensors", SURROGATE)
    assert {row["lead (h)"] for row in about["root_mean_square_errors"]} == {6, 12}
    assert np.isfinite([row["surrogate"] for row in about["root_mean_square_errors"]]).all()
    assert not about["latent"]

    settings = AutoencoderSettings(patch=4, latent=3, width=16, heads=2, blocks=1)
    features = LAYOUT.shape[0] * 16
    start = LinearPatchCode(jnp.eye(features, 3), jnp.ones(3), 4, LAYOUT.shape)
    code = PatchAutoencoder(start, settings, jax.random.key(0))
    write_autoencoder(code, tmp_path / "autoencoder.safetensors")
    (tmp_path / "a.yaml").write_text("network: {patch: 1, width: 16, heads: 2, blocks: 1}\ntraining: {batch_size: 2}\n")
    result = CliRunner().invoke(app, ["train", "forecast", "--latent", *arguments, *dates])
    assert result.exit_code == 0, result.output
    latent = read_surrogate(tmp_path / "latent_surrogate.safetensors")
    assert latent.state_shape == code.latent_shape
    assert read_about(tmp_path / "latent_surrogate.safetensors", SURROGATE)["latent"]
    assert read_surrogate(tmp_path / "surrogate.safetensors").state_shape == LAYOUT.shape
