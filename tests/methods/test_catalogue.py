"""Methods by name: every name builds, all with the same budget, and a new one is a single declaration."""

import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda import UserError
from latentda.assimilation import FreeRun, GaussNewton, Instant, Variational, WeakConstraint
from latentda.assimilation.ensemble import EnsembleMethod, EnsembleVariational, Localization
from latentda.figures import error_curves, look_of
from latentda.forecast import Persistence, SurrogateModel
from latentda.methods import METHODS, Method, Options, VariationalSystem, find_method, method_digest
from latentda.networks import Surrogate, SurrogateSettings, write_surrogate
from latentda.operators import Diagonal
from latentda.priors import ModelSpacePrior
from latentda.world import WorldFolder, embedded_world

NOT_SHIPPED = {"3dvar_zonal": "--zonal-model-space", "latent_4dvar_learned": "train forecast --latent"}


@pytest.fixture(scope="module")
def world():
    return embedded_world()


def still(world):
    return Persistence(world.layout)


@pytest.mark.parametrize("name", [name for name in METHODS if name not in NOT_SHIPPED])
def test_every_name_builds(name, world):
    declared = find_method(name)
    built = declared.build(world, Options(iterations=7, model=still(world), slots=(0, 6, 12)))
    assert declared.name == name
    assert isinstance(built, FreeRun) != declared.assimilates == (name != "free_run")
    assert isinstance(built, EnsembleMethod | EnsembleVariational) == declared.ensemble
    assert built.lead_hours == ((0, 6, 12) if declared.four_d else (0,))
    minimised = built.variational if isinstance(built, EnsembleVariational) else built
    assert isinstance(minimised, Variational) == declared.sized
    if declared.sized:
        assert minimised.minimiser == GaussNewton(iterations=7)


def test_titles_and_colours_tell_methods_apart():
    assert len({method.title for method in METHODS.values()}) == len(METHODS)
    assert len({method.colour for method in METHODS.values()}) == len(METHODS)


def test_members_are_as_many_as_declared_or_chosen(world):
    radii = Localization(1000.0)
    chosen = METHODS["letkf"].build(world, Options(members=7, localization=radii, seed=3, without_lost=True))
    # Radii of two grid lengths are exact; those of more than six carry weights between columns.
    assert [METHODS["letkf"].build(world, Options()).localization.every, chosen.localization.every] == [2, 1]
    assert (chosen.size, chosen.localization, chosen.seed, chosen.without_lost) == (7, radii, 3, True)
    assert [METHODS[name].build(world, Options()).size for name in ("letkf", "letkf_40")] == [20, 40]


def test_windows_are_what_methods_declare(world):
    options = Options(model=still(world))
    windows = {name: METHODS[name].build(world, options).window for name in ("3dvar", "4dvar", "latent_weak_4dvar")}
    assert isinstance(windows["3dvar"], Instant)
    assert not isinstance(windows["4dvar"], Instant | WeakConstraint)
    assert isinstance(windows["latent_weak_4dvar"], WeakConstraint)


def test_a_new_method_is_one_declaration(world, monkeypatch):
    def tenth(world, factor):
        return ModelSpacePrior(Diagonal(jnp.full(world.layout.shape, 0.1 * factor**0.5)))

    monkeypatch.setitem(
        METHODS, "tenth", Method("tenth", "a tenth of the climate", "#123456", VariationalSystem(tenth))
    )

    built = find_method("tenth").build(world, Options(factor=4.0))
    np.testing.assert_allclose(built.prior.background_error.sd, 0.2, rtol=1e-6)
    assert look_of("tenth", METHODS).title == "a tenth of the climate"
    figure = error_curves({"tenth": ([0, 1], [1.0, 2.0])}, ylabel="error", looks=METHODS)
    assert figure.axes[0].lines[0].get_color() == "#123456"


@pytest.mark.parametrize("name", NOT_SHIPPED)
def test_what_does_not_ship_says_how_it_is_made(name, world):
    with pytest.raises(UserError, match=NOT_SHIPPED[name]):
        find_method(name).build(world, Options(model=still(world)))


def copied(folder):
    shutil.copytree(embedded_world().folder, folder)
    return WorldFolder(folder)


def test_a_learned_step_of_codes_takes_the_model_s_place_in_the_window(tmp_path):
    world, settings = copied(tmp_path / "world"), SurrogateSettings(patch=1, width=16, heads=2, blocks=1)
    step = Surrogate(world.autoencoder.latent_shape, 6, settings, jax.random.key(0))
    write_surrogate(step, world.file("latent_surrogate"))
    window = find_method("latent_4dvar_learned").build(world).window
    assert isinstance(window.model, SurrogateModel)
    assert world.file("latent_surrogate") in world.files_read
    # A step that has not learnt anything is persistence of anomalies.
    anomaly = np.random.default_rng(0).normal(size=world.layout.shape).astype(np.float32)
    slots = window.trajectory(world.standardizer.to_physical(anomaly, 300_000), 300_000)
    later = world.standardizer.to_anomaly(slots[1], 300_012)
    np.testing.assert_allclose(later, anomaly, atol=2e-3)


def test_a_digest_is_of_what_a_method_reads(tmp_path):
    world = copied(tmp_path / "world")
    before = {name: method_digest(name, world) for name in ("3dvar", "latent_3dvar", "latent_3dvar_diagonal")}
    assert len(set(before.values())) == 3
    shutil.copy(world.file("latent_diagonal"), world.file("latent"))  # any other background error
    assert method_digest("3dvar", world) == before["3dvar"]
    assert method_digest("latent_3dvar", world) != before["latent_3dvar"]
    world.file("latent").unlink()
    with pytest.raises(UserError, match=r"has no forecast/latent\.safetensors"):
        method_digest("latent_3dvar", world)


def test_a_digest_is_of_the_world_s_settings_too(tmp_path):
    world = copied(tmp_path / "world")
    before = method_digest("3dvar", world), world.digest
    settings = world.folder / "world.yaml"
    settings.write_text(settings.read_text().replace("model_error: 0.04", "model_error: 0.08"))
    changed = WorldFolder(world.folder)
    assert changed.settings.model_error == 0.08
    assert method_digest("3dvar", changed) != before[0]
    assert changed.digest != before[1]


def test_unknown_name():
    with pytest.raises(UserError, match="latent_3dvar"):
        find_method("nudging")
