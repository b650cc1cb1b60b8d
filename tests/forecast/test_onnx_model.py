"""A network in a file of ONNX as a model; ONNX itself makes the files."""

import numpy as np
import pytest

from latentda import UserError
from latentda.forecast import OnnxModel
from latentda.grid import NoLevels, build_layout, lat_lon_grid
from latentda.runs.identity import digest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

LAYOUT = build_layout(lat_lon_grid(4, 6), NoLevels(), {}, ("sp", "t2m"))
STATES = np.random.default_rng(0).normal(size=(2, *LAYOUT.shape)).astype(np.float32)


def written(tmp_path, *, batch=True, inputs=1, factor=0.5):
    """A file in which the network is a factor."""
    kind = onnx.TensorProto.FLOAT
    shape = [*([1] if batch else []), *LAYOUT.shape]
    given = [onnx.helper.make_tensor_value_info(f"x{k}", kind, shape) for k in range(inputs)]
    made = onnx.helper.make_tensor_value_info("y", kind, shape)
    weight = onnx.helper.make_tensor("w", kind, [1], [factor])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Mul", ["x0", "w"], ["y"])], "net", given, [made], [weight])
    path = tmp_path / "net.onnx"
    network = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(network.SerializeToString())
    return path


def model(path):
    return OnnxModel(path, layout=LAYOUT, step_hours=6)


@pytest.mark.parametrize("batch", [True, False])
def test_a_forecast_is_the_network_s(tmp_path, batch):
    found = model(written(tmp_path, batch=batch))
    np.testing.assert_allclose(found.propagate(STATES[0], 0, (0, 6, 12)), [STATES[0] * f for f in (1.0, 0.5, 0.25)])
    np.testing.assert_allclose(found.propagate_members(STATES, 0, (12,))[:, 0], 0.25 * STATES)
    assert not found.differentiable


def test_content_tells_one_network_from_another(tmp_path):
    one = digest(model(written(tmp_path)))
    assert one == digest(model(written(tmp_path)))
    assert one != digest(model(written(tmp_path, factor=0.25)))


def test_several_inputs_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"takes x0 \(tensor\(float\)\), x1 .*NumpyModel"):
        model(written(tmp_path, inputs=2))


def test_what_is_no_file_of_onnx_is_refused(tmp_path):
    with pytest.raises(UserError, match="There is no file"):
        model(tmp_path / "net.onnx")
    (tmp_path / "net.onnx").write_text("weather")
    with pytest.raises(UserError, match=r"cannot be read as ONNX"):
        model(tmp_path / "net.onnx")
