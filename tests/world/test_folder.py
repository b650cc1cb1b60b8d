"""A world on disk: what its folder says, what is missing from it, and the embedded one."""

import pickle

import pytest

from latentda import UserError
from latentda.fields import write_standardizer
from latentda.forecast import Persistence
from latentda.world import ModelSettings, WorldFolder, WorldSettings, embedded_world, read_world_settings
from latentda.world.models import build_model
from tests.cycling.conftest import standardizer
from tests.worlds import sigma_layout

SETTINGS = """
name: still
model:
  kind: persistence
  options: {step_hours: 3}
"""


def folder_with(tmp_path, text):
    (tmp_path / "world.yaml").write_text(text)
    return WorldFolder(tmp_path)


class Still:
    """As much of a world as these models need."""

    layout = sigma_layout()
    settings = WorldSettings("still", interval_hours=12)


def still(state, hours):
    return state


def some_model(world, step_hours=6):
    return Persistence(world.layout, step_hours)


def test_the_shipped_arrays_speak_of_one_layout():
    world = embedded_world()
    assert world.settings.name == "embedded"
    assert world.autoencoder.state_shape == world.layout.shape
    assert world.error("model").layout == world.layout
    assert world.error("latent").sd.shape == world.autoencoder.latent_shape


def test_a_folder_without_settings_holds_other_files_for_the_embedded_world(tmp_path):
    assert WorldFolder(tmp_path).settings == embedded_world().settings


def test_a_folder_may_be_named_in_words(tmp_path):
    assert WorldFolder(str(tmp_path)) == WorldFolder(tmp_path)
    assert WorldFolder(str(tmp_path)).settings == WorldFolder(tmp_path).settings


def test_settings_have_defaults(tmp_path):
    settings = folder_with(tmp_path, SETTINGS).settings
    assert settings.model == ModelSettings("persistence", {"step_hours": 3})
    assert (settings.interval_hours, settings.imperfect_model, settings.code.band_limit) == (6, None, False)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("model: {kind: persistence}", "name"), ("name: x\nintervals: 3", "intervals"), ("name: [", "cannot be read")],
)
def test_wrong_settings_are_refused_by_entry(tmp_path, text, reason):
    with pytest.raises(UserError, match=reason):
        _ = folder_with(tmp_path, text).settings


def test_no_settings_at_all():
    with pytest.raises(UserError, match="cannot be read as the settings of a world"):
        read_world_settings("nowhere.yaml")


@pytest.mark.parametrize("name", ["standardizer", "autoencoder", "latent"])
def test_what_is_missing_says_how_it_is_made(tmp_path, name):
    with pytest.raises(UserError, match=f"{name}.safetensors; make it with 'latentda"):
        folder_with(tmp_path, SETTINGS).require(name)


def test_a_folder_that_is_no_world_is_made_one_first(tmp_path):
    with pytest.raises(
        UserError, match=r"is no world: it has no world\.yaml; make one there with 'latentda world create'"
    ):
        _ = WorldFolder(tmp_path / "none").layout


def test_a_model_without_an_orography_is_named_as_it_was_typed(tmp_path):
    write_standardizer(standardizer(), tmp_path / "standardizer.safetensors")
    world = folder_with(tmp_path, f"name: own\nmodel: {{kind: 'numpy:{__name__}:still', options: {{step_hours: 6}}}}")
    with pytest.raises(UserError, match=f"The model numpy:{__name__}:still has no surface_geopotential"):
        world.orography()


def test_models_by_name_or_by_import():
    assert build_model(ModelSettings("persistence", {"step_hours": 3}), Still).step_hours == 3
    assert build_model(ModelSettings(f"{__name__}:some_model", {"step_hours": 12}), Still).step_hours == 12


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (ModelSettings("weather"), "Unknown model 'weather'"),
        (ModelSettings("nowhere:build"), "cannot be imported"),
        (ModelSettings("persistence", {"speed": 2}), "speed"),
        (ModelSettings("builtins:repr"), "gives no forecast model but a str"),
    ],
)
def test_models_that_are_none_are_refused(settings, reason):
    with pytest.raises(UserError, match=reason):
        build_model(settings, Still)


def test_a_world_without_a_model_says_so(tmp_path):
    with pytest.raises(UserError, match="names no such model"):
        _ = folder_with(tmp_path, "name: fields").model


def test_another_process_reads_a_world_anew():
    world = embedded_world()
    _ = world.standardizer
    again = pickle.loads(pickle.dumps(world))
    assert again == world
    assert set(vars(again)) == {"folder", "errors"}
