"""An analysis called as earth2studio calls its assimilation models."""

import numpy as np
import pytest
import xarray as xr

from latentda.observations import read_observations
from latentda.observations.earth2studio import to_earth2studio
from latentda.user_error import UserError
from latentda.workflows.assimilate import assimilate
from latentda.workflows.earth2studio_model import Earth2StudioAssimilation, dataset_of, variable_names
from tests.workflows.own_data import sample, settings, world

PROTOCOL = ("__call__", "create_generator", "init_coords", "input_coords", "output_coords", "to")
"""Methods of ``earth2studio.models.da.base.AssimilationModel``, 0.19."""


@pytest.fixture(scope="module")
def model():
    return Earth2StudioAssimilation(world(), method="3dvar", model="persistence", settings=settings())


@pytest.fixture(scope="module")
def frame():
    return to_earth2studio(read_observations(sample() / "soundings.csv"))


@pytest.fixture(scope="module")
def ours():
    return assimilate(
        world(), sample() / "background.nc", sample() / "soundings.csv", method="3dvar", model="persistence",
        settings=settings(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def background(ours, model):
    (coordinates,) = model.init_coords()
    done = ours.done
    time = np.array([ours.background["time"].values.reshape(-1)[0]])
    return xr.DataArray(done.background[:1], coordinates | {"time": time}, ["time", "variable", "lat", "lon"])


def test_it_has_the_methods_of_the_protocol(model):
    assert all(callable(getattr(model, name)) for name in PROTOCOL)
    assert model.to("cpu") is model
    base = pytest.importorskip("earth2studio.models.da.base")
    assert isinstance(model, base.AssimilationModel)


def test_names_are_theirs(model):
    names = variable_names(world().layout)
    assert {"t850", "z500", "msl", "t2m"} <= set(names)
    (output,) = model.output_coords(model.input_coords(), request_time=np.array(["2020-01-01"], "M8[ns]"))
    assert list(output) == ["time", "variable", "lat", "lon"]
    assert output["variable"].tolist() == names


@pytest.fixture(scope="module")
def analysis(model, background, frame):
    return model(background, frame)[0]


def test_the_analysis_is_ours(analysis, background, ours):
    np.testing.assert_allclose(analysis.values, ours.done.analysis[:1], rtol=1e-4, atol=1e-4)
    assert not np.allclose(analysis.values, background.values)


def test_without_observations_the_background_stays(model, background):
    (analysis,) = model(background, None)
    np.testing.assert_allclose(analysis.values, background.values, rtol=1e-6)


def test_a_generator_goes_on_by_the_models_interval(model, background, frame, analysis):
    states = model.create_generator(background)
    np.testing.assert_allclose(next(states)[0].values, background.values, rtol=1e-6)
    (first,) = states.send(frame)
    np.testing.assert_allclose(first.values, analysis.values)
    (second,) = states.send((None,))
    interval = np.timedelta64(world().settings.interval_hours, "h")
    assert second["time"].values[0] - first["time"].values[0] == interval
    np.testing.assert_allclose(second.values, first.values)  # persistence
    states.close()


def test_what_is_wrong_is_said(background):
    layout = world().layout
    with pytest.raises(UserError, match="lacks variable"):
        dataset_of(background.rename(variable="channel"), layout)
    with pytest.raises(UserError, match="lacks z500"):
        dataset_of(background.sel(variable=[n for n in background["variable"].values if n != "z500"]), layout)
    with pytest.raises(UserError, match="needs one background"):
        Earth2StudioAssimilation(world(), method="3dvar")(None)
