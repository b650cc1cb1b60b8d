"""Methods by name: every name builds, all with the same budget, and unknown names are refused."""

import shutil

import jax
import numpy as np
import pytest

from latentda.assimilation import GaussNewton, Variational, WeakConstraint
from latentda.forecast import Persistence, SurrogateModel
from latentda.methods.catalogue import FOUR_D, LEARNED, METHODS, TITLES, WEAK, build_method, method_files
from latentda.networks import Surrogate, SurrogateSettings, write_surrogate
from latentda.world.folder import Assets, shipped_assets

NOT_SHIPPED = {"3dvar_zonal": "--zonal-model-space", "latent_4dvar_learned": "train forecast --latent"}


@pytest.mark.parametrize("name", [name for name in METHODS if name not in NOT_SHIPPED])
def test_every_name_builds(name):
    model = Persistence(shipped_assets().standardizer.layout)
    method = build_method(name, shipped_assets(), iterations=7, model=model, slots=(0, 6, 12))
    assert name in TITLES
    assert method is None if name == "free_run" else isinstance(method, Variational)
    if method is not None:
        assert method.minimiser == GaussNewton(iterations=7)
        assert method.window.lead_hours == ((0, 6, 12) if name in FOUR_D else (0,))
        assert isinstance(method.window, WeakConstraint) == (name in WEAK)


def test_a_window_without_a_model_is_refused():
    with pytest.raises(ValueError, match="needs a forecast model"):
        build_method("4dvar", shipped_assets())


@pytest.mark.parametrize("name", NOT_SHIPPED)
def test_what_does_not_ship_says_how_it_is_made(name):
    model = Persistence(shipped_assets().standardizer.layout)
    with pytest.raises(ValueError, match=NOT_SHIPPED[name]):
        build_method(name, shipped_assets(), model=model)


def test_a_learned_step_of_codes_takes_the_model_s_place_in_the_window(tmp_path):
    folder = tmp_path / "assets"
    shutil.copytree(shipped_assets().folder, folder)
    assets, settings = Assets(folder), SurrogateSettings(patch=1, width=16, heads=2, blocks=1)
    step = Surrogate(assets.autoencoder.latent_shape, 6, settings, jax.random.key(0))
    write_surrogate(step, assets.latent_surrogate_file)
    still = Persistence(assets.standardizer.layout)
    window = build_method("latent_4dvar_learned", assets, model=still).window
    assert isinstance(window.model, SurrogateModel)
    assert method_files("latent_4dvar_learned", assets)[2] == assets.latent_surrogate_file
    # A step that has not learnt anything is persistence of anomalies.
    anomaly = np.random.default_rng(0).normal(size=still.layout.shape).astype(np.float32)
    slots = window.trajectory(assets.standardizer.to_physical(anomaly, 300_000), 300_000)
    later = assets.standardizer.to_anomaly(slots[1], 300_012)
    np.testing.assert_allclose(later, anomaly, atol=2e-3)


def test_unknown_name():
    with pytest.raises(ValueError, match="latent_3dvar"):
        build_method("nudging", shipped_assets())


def test_shipped_assets_speak_of_one_layout():
    assets = shipped_assets()
    layout = assets.standardizer.layout
    assert assets.autoencoder.state_shape == layout.shape
    assert assets.model_space_error.layout == layout
    assert assets.latent_error.sd.shape == assets.autoencoder.latent_shape


def test_windows_are_of_the_methods_in_four_dimensions():
    assert {"4dvar", "latent_4dvar", "hybrid_4dvar"} | WEAK | LEARNED == FOUR_D
    assert {"weak_4dvar", "latent_weak_4dvar"} == WEAK
    assert {"latent_4dvar_learned"} == LEARNED
