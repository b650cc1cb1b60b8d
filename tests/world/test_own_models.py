"""Models of a user's own by the string that names them."""

import sys

import jax.numpy as jnp
import numpy as np
import pytest

from latentda import UserError
from latentda.fields import write_standardizer
from latentda.forecast import CheckedModel, CommandModel, JaxModel, NumpyModel, Persistence
from latentda.world import ModelSettings, WorldFolder, build_model, model_settings
from latentda.world import models as names
from tests.cycling.conftest import LAYOUT, standardizer
from tests.worlds import north_first, sigma_layout, states_of

HERE = __name__
STATE = states_of(LAYOUT, 1)[0]


def halve(state, hours):
    return 0.5 * state


def halve_again(state, hours, direction):
    return 0.5 * direction


def daily(state, hours):
    return state


daily.step_hours = 12


def maker(world, step_hours=6):
    return NumpyModel(halve, layout=world.layout, step_hours=step_hours)


def upside_down(world):
    return Persistence(sigma_layout(north_first(world.layout.grid), names="ut"))


class NoStep:
    """Something that can be made but does not forecast."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    (folder / "world.yaml").write_text("name: here\ninterval_hours: 12\n")
    write_standardizer(standardizer(), folder / "standardizer.safetensors")
    return WorldFolder(folder)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("persistence", ModelSettings("persistence")),
        ("persistence?step_hours=3", ModelSettings("persistence", {"step_hours": 3})),
        ("torch:a:B?weights=b.pt&anomalies=true", ModelSettings("torch:a:B", {"weights": "b.pt", "anomalies": True})),
        ("command:./run {input} {output}", ModelSettings("command:./run {input} {output}")),
        ("command:a? {input} {output}?step_hours=6", ModelSettings("command:a? {input} {output}", {"step_hours": 6})),
        ("onnx:what?.onnx", ModelSettings("onnx:what?.onnx")),
    ],
)  # fmt: skip
def test_options_stand_behind_a_question_mark(text, settings):
    assert model_settings(text) == settings


@pytest.mark.parametrize(
    ("text", "kind", "step"),
    [
        (f"numpy:{HERE}:halve?step_hours=6", NumpyModel, 6),
        (f"numpy:{HERE}:daily", NumpyModel, 12),
        (f"jax:{HERE}:halve?step_hours=4", JaxModel, 4),
        (f"{HERE}:maker", NumpyModel, 6),
        (f"{HERE}:maker?step_hours=12", NumpyModel, 12),
        ("command:run {input} {output}?step_hours=3", CommandModel, 3),
    ],
)
def test_a_string_and_settings_make_the_same_guarded_model(world, text, kind, step):
    for described in (text, model_settings(text)):
        model = build_model(described, world)
        assert isinstance(model, CheckedModel)
        assert isinstance(model.model, kind)
        assert (model.step_hours, model.layout, model.name) == (step, LAYOUT, text.split("?")[0])


@pytest.mark.parametrize("written", ["numpy", "jax"])
def test_anomalies_are_those_of_the_world(world, written):
    model = build_model(f"{written}:{HERE}:halve?step_hours=6&anomalies=true", world)
    mean = standardizer().climatology.mean(0)
    np.testing.assert_allclose(model.propagate(STATE, 0, (6,))[0] - mean, 0.5 * (STATE - mean), rtol=1e-3, atol=1e-2)
    plain = build_model(f"{written}:{HERE}:halve?step_hours=6", world)
    np.testing.assert_allclose(plain.propagate(STATE, 0, (6,))[0], 0.5 * STATE)


def test_derivatives_are_named_beside_the_step(world):
    model = build_model(f"numpy:{HERE}:halve?step_hours=6&tangent=halve_again&adjoint=halve_again", world)
    assert model.differentiable
    assert not build_model(f"numpy:{HERE}:halve?step_hours=6", world).differentiable


def test_a_module_may_lie_in_the_current_folder(world, tmp_path, monkeypatch):
    (tmp_path / "some_step_of_mine.py").write_text("def step(state, hours):\n    return 2.0 * state\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    model = build_model("jax:some_step_of_mine:step?step_hours=6", world)
    np.testing.assert_array_equal(model.propagate(STATE, 0, (6,))[0], 2.0 * jnp.asarray(STATE))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"numpy:{HERE}:halve", "does not say how long its step is; write 'numpy:.*:halve.step_hours=6'"),
        (f"numpy:{HERE}:halve?step_hours=5", "do not divide the 12 h between analyses"),
        (f"numpy:{HERE}:halve?step_hours=6&speed=2", "speed"),
        (f"numpy:{HERE}:HERE?step_hours=6", "is no function but a str"),
        (f"numpy:{HERE}:nothing", f"{HERE} has no nothing"),
        (f"numpy:{HERE}?step_hours=6", "is not written like module:name"),
        ("jax:nowhere:step", "No module named 'nowhere' nor in /"),
        (f"{HERE}:halve", f"If it is a step of a state, write numpy:{HERE}:halve or jax:{HERE}:halve"),
        (f"{HERE}:NoStep", "cannot be made"),
        (f"{HERE}:upside_down", "upside_down does not suit the world: its latitudes run from north to south"),
        ("command:run?step_hours=6", "must say {input} and {output}"),
        ("onnx:missing.onnx?step_hours=6", "There is no file missing.onnx, here or in"),
        ("weather", "Unknown model 'weather'; there are embedded, .*onnx:..."),
        ("weather:", "Unknown model 'weather:'"),
    ],
)
def test_what_cannot_be_a_model_is_one_sentence(world, text, words):
    with pytest.raises(UserError, match=words):
        build_model(text, world)


def test_a_package_may_register_models(world, monkeypatch):
    class Entry:
        def load(self):
            return maker

    class Entries(dict):
        names = property(dict.keys)

    monkeypatch.setattr(
        names, "entry_points", lambda group: Entries(theirs=Entry()) if group == "latentda.models" else {}
    )
    assert build_model("theirs?step_hours=12", world).step_hours == 12
    with pytest.raises(UserError, match="embedded, persistence, surrogate, theirs"):
        build_model("ours", world)


def test_networks_of_torch_take_their_weights(world, tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    sys.modules["nets_for_test"] = nets = type(sys)("nets_for_test")
    nets.Scale = type("Scale", (torch.nn.Module,), {"__init__": _scale, "forward": lambda self, x: self.factor * x})
    trained = {"factor": torch.tensor([0.25])}
    save_file(trained, tmp_path / "a.safetensors")
    torch.save(trained, tmp_path / "a.pt")
    for file, factor in (("a.safetensors", 0.25), ("a.pt", 0.25), (None, 3.0)):
        weights = f"&weights={tmp_path / file}" if file else "&factor=3.0"
        model = build_model(f"torch:nets_for_test:Scale?step_hours=6{weights}", world)
        np.testing.assert_allclose(model.propagate(STATE, 0, (6,))[0], factor * STATE, rtol=1e-6)
        assert model.differentiable
    with pytest.raises(UserError, match=r"cannot take its weights from .*world.yaml"):
        build_model("torch:nets_for_test:Scale?step_hours=6&weights=world.yaml", world)
    with pytest.raises(UserError, match="cannot be made with"):
        build_model("torch:nets_for_test:Scale?step_hours=6&speed=2", world)
    with pytest.raises(UserError, match=r"gives no torch.nn.Module but a dict"):
        build_model("torch:builtins:dict?step_hours=6", world)


def _scale(self, factor=1.0):
    import torch

    torch.nn.Module.__init__(self)
    self.factor = torch.nn.Parameter(torch.tensor([factor]))


def test_without_torch_the_extra_is_named(world, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UserError, match=r"pip install 'latentda\[torch\]'"):
        build_model("torch:a:B?step_hours=6", world)


def test_without_onnx_runtime_the_extra_is_named(world, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"pip install 'latentda\[onnx\]'"):
        build_model("onnx:world.yaml?step_hours=6", world)
