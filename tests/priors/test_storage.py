import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from latentda.operators import estimate_zonal_blocks
from latentda.priors import estimate_localized, localized, read_background_error, write_background_error
from tests.worlds import balanced_covariance, sigma_layout, smooth_fields


@pytest.fixture(scope="module")
def zonal():
    layout = sigma_layout()
    samples = smooth_fields(layout.grid, 30, 2)[:, :, 2:6]
    return estimate_zonal_blocks(samples, np.asarray(layout.grid.latitude[2:6]), localization_radius_km=8e3)


def test_zonal_blocks_within_the_rounding_of_half_precision(zonal, tmp_path):
    write_background_error(zonal, tmp_path / "b.safetensors")
    found = read_background_error(tmp_path / "b.safetensors")
    np.testing.assert_array_equal(found.sd, zonal.sd)
    length = np.linalg.norm(zonal.blocks, axis=-1, keepdims=True)
    error = np.abs(found.blocks - zonal.blocks) / length
    assert error.max() < np.sqrt(2.0) * 2.0**-11
    field = np.random.default_rng(0).normal(size=zonal.sd.shape).astype(np.float32)
    exact, read = (np.asarray(jax.jit(lambda x, B=B: B.apply(x))(field)) for B in (zonal, found))
    np.testing.assert_allclose(read, exact, atol=5e-3 * np.abs(exact).max())


def test_the_balanced_covariance_is_kept_but_for_the_rounding_of_its_calibration(tmp_path):
    balanced = balanced_covariance()
    write_background_error(balanced, tmp_path / "b.safetensors", about={"pairs": 40})
    found = read_background_error(tmp_path / "b.safetensors")
    assert jax.tree.structure(found) == jax.tree.structure(balanced)
    np.testing.assert_allclose(found.calibration, balanced.calibration, rtol=2.0**-11)
    rounded = eqx.tree_at(lambda b: b.calibration, found, balanced.calibration)
    for first, second in zip(jax.tree.leaves(rounded), jax.tree.leaves(balanced), strict=True):
        np.testing.assert_array_equal(first, second)
    assert found.layout == balanced.layout
    with safe_open(tmp_path / "b.safetensors", "numpy") as file:
        assert '"pairs": 40' in file.metadata()["header"]


@pytest.mark.parametrize("largest", [0, 10_000])
def test_localised_covariances_within_the_rounding_of_half_precision(tmp_path, monkeypatch, largest):
    monkeypatch.setattr(localized, "LARGEST_DENSE", largest)
    samples = smooth_fields(sigma_layout().grid, 30, 2)[:, :, 2:6, :5]
    samples = samples - samples.mean(axis=0)
    given = estimate_localized(samples, np.arange(4) * 5.0, np.arange(5) * 5.0, localization_radius_km=3e3)
    write_background_error(given, tmp_path / "b.safetensors")
    found = read_background_error(tmp_path / "b.safetensors")
    assert jax.tree.structure(found) == jax.tree.structure(given)
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(found))
    field = np.random.default_rng(0).normal(size=samples.shape[1:]).astype(np.float32)
    exact, read = (np.asarray(jax.jit(lambda x, B=B: B.apply(x))(field)) for B in (given, found))
    np.testing.assert_allclose(read, exact, atol=5e-3 * np.abs(exact).max())


def test_only_the_whole_file_is_left(zonal, tmp_path):
    write_background_error(zonal, tmp_path / "b.safetensors")
    write_background_error(zonal, tmp_path / "b.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["b.safetensors"]


@pytest.mark.parametrize("content", [None, b"", b"something else"])
def test_damaged_files_are_refused(tmp_path, content):
    path = tmp_path / "b.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"b\.safetensors holds no background error"):
        read_background_error(path)


def test_other_arrays_are_refused(zonal, tmp_path):
    path = tmp_path / "b.safetensors"
    save_file({"sd": np.ones(3, np.float32)}, path, {"header": '{"kind": "background error", "form": "zonal blocks"}'})
    with pytest.raises(ValueError, match="holds no background error"):
        read_background_error(path)
    write_background_error(zonal, path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match="holds no background error"):
        read_background_error(path)


def test_precision_is_single(zonal, tmp_path):
    write_background_error(zonal, tmp_path / "b.safetensors")
    found = read_background_error(tmp_path / "b.safetensors")
    assert (found.blocks.dtype, found.sd.dtype) == (jnp.complex64, jnp.float32)
