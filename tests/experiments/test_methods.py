"""Methods by name: every name builds, all with the same budget, and unknown names are refused."""

import pytest

from latentda.assimilation import GaussNewton, Variational, WeakConstraint
from latentda.experiments.assets import shipped_assets
from latentda.experiments.methods import FOUR_D, METHODS, TITLES, WEAK, build_method
from latentda.forecast import Persistence

NOT_SHIPPED = "3dvar_zonal"


@pytest.mark.parametrize("name", [name for name in METHODS if name != NOT_SHIPPED])
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


def test_what_does_not_ship_says_how_it_is_made():
    with pytest.raises(ValueError, match="--zonal-model-space"):
        build_method(NOT_SHIPPED, shipped_assets())


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
    assert {"4dvar", "latent_4dvar", "hybrid_4dvar", "weak_4dvar", "latent_weak_4dvar"} == FOUR_D
    assert {"weak_4dvar", "latent_weak_4dvar"} == WEAK
