"""Ensemble methods on one's own data: the same commands, with members."""

import numpy as np
import pytest
import xarray as xr

from latentda import UserError
from latentda.assimilation.ensemble import Localization
from latentda.fields import open_store, read_states, to_dataset
from latentda.grid import datetime_of_hours, hours_since_1970
from latentda.workflows.assimilate import assimilate
from latentda.workflows.background import read_background
from latentda.workflows.cycle import cycle
from latentda.workflows.verify import verify
from tests.workflows.own_data import CASE, sample, settings, world

SETTINGS = settings(factor=None, ensemble=16, localization=Localization(5000.0, 2.0), keep_members=True)


@pytest.fixture(scope="module")
def reports():
    return sample() / "surface.parquet"


@pytest.fixture(scope="module")
def result(reports):
    return assimilate(world(), sample() / "background.nc", reports, CASE, method="letkf", settings=SETTINGS)


def test_an_analysis_has_members_and_their_spread(result):
    members = np.asarray(result.done.members)
    assert len(members) == 16
    np.testing.assert_allclose(result.done.analysis[0], members.mean(axis=0), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(result.done.spread, members.std(axis=0, ddof=1), rtol=1e-2, atol=1e-5)
    assert set(result.members.dims) > {"number"}
    fits = [row for row in result.done.fits() if row.used]
    assert fits
    assert all(row.analysis_rms < row.background_rms for row in fits)


def test_a_hybrid_has_members_too(reports):
    found = assimilate(world(), sample() / "background.nc", reports, CASE, method="envar_hybrid", settings=SETTINGS)
    assert len(found.done.members) == 16
    assert found.done.spread is not None
    assert found.done.facts["iterations"] > 0
    assert all(row.analysis_rms < row.background_rms for row in found.done.fits() if row.used)


def test_what_it_writes_is_a_background_with_members(result, tmp_path):
    paths = result.write(tmp_path)
    assert {"analysis", "spread", "members", "report"} <= set(paths)
    assert "16" in paths["report"].read_text()
    state = read_background(paths["members"], world().layout)
    np.testing.assert_allclose(state.members, result.done.members, rtol=1e-6)
    np.testing.assert_allclose(state.values, result.done.analysis[0], rtol=1e-4, atol=1e-3)


def test_members_are_for_methods_that_have_them(result, tmp_path, reports):
    paths = result.write(tmp_path)
    with pytest.raises(UserError, match=r"has 16 members, and 3dvar takes one state"):
        assimilate(world(), paths["members"], reports, method="3dvar", settings=settings())


def test_cycles_from_members_near_the_truth(tmp_path, reports):
    layout, files = world().layout, sample()
    hours = int(hours_since_1970(CASE))
    base = read_background(files / "background.nc", layout, CASE).values
    scale = np.asarray(world().standardizer.scale)[:, None, None]
    noise = np.random.default_rng(0).normal(size=(8, layout.shape[0], 1, 1)) * scale
    each = [to_dataset((base + one)[None], layout, [datetime_of_hours(hours)], {}) for one in noise]
    xr.concat(each, xr.Variable("number", np.arange(8))).to_netcdf(tmp_path / "members.nc")

    chosen = settings(factor=None, localization=Localization(5000.0, 2.0))
    later, out = str(files / "later" / "*.parquet"), tmp_path / "run"
    cycle(
        world(), tmp_path / "members.nc", [reports, later], CASE, "2019-02-05T12", out, method="letkf", settings=chosen
    )
    spread = read_states(open_store(out / "spread.zarr"), layout)
    assert spread.shape[0] == 3
    assert (spread >= 0.0).all()
    errors = [verify(out / f"{name}.zarr", files / "truth.zarr").sums.rmse for name in ("analysis", "background")]
    assert (errors[0] / errors[1]).mean() < 1.0
