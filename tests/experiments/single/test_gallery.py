"""The gallery finds its places in the weather, and keeps that weather."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

from latentda.experiments.single import gallery
from latentda.experiments.single.background import Background
from latentda.experiments.single.gallery import (
    CASES,
    Scene,
    case_figure,
    deepest_low,
    foot_of_himalaya,
    gallery_backgrounds,
    moistest_tropics,
    strongest_wind,
)
from latentda.experiments.single.observation import SingleAnalysis, SingleObservation, nearest_channel
from latentda.forecast import jcm_layout
from latentda.grid import Layout, hours_since_1970

LAYOUT = jcm_layout()
LATITUDE, LONGITUDE = (np.asarray(axis) for axis in (LAYOUT.grid.latitude, LAYOUT.grid.longitude))
PRESSURE = LAYOUT.index("sp")


def scene(surface=None):
    mean = np.zeros(LAYOUT.shape)
    mean[PRESSURE] = 1e5
    flat = np.zeros(LAYOUT.grid.shape)
    return Scene(LAYOUT, mean.copy(), mean, flat if surface is None else surface)


def point(row, column):
    return float(LATITUDE[row]), float(LONGITUDE[column])


def test_the_jet_is_in_middle_latitudes_whatever_its_direction():
    one = scene()
    one.state[LAYOUT.index("v@0.2"), 36, 90] = -40.0
    one.state[LAYOUT.index("u@0.2"), 24, 5] = 90.0
    assert strongest_wind(one) == point(36, 90)


def test_the_moistest_tropics():
    one = scene()
    one.state[LAYOUT.index("q@0.835"), 25, 10] = 0.015
    one.state[LAYOUT.index("q@0.835"), 35, 10] = 0.025
    assert moistest_tropics(one) == point(25, 10)


def test_the_deepest_low_is_one_against_the_season_over_flat_ground():
    surface = np.zeros(LAYOUT.grid.shape)
    surface[38, 3] = 2e4
    one = scene(surface)
    one.state[PRESSURE, 38, 3] -= 6000.0
    one.state[PRESSURE, 12, 70] -= 3000.0
    one.state[PRESSURE, 40, 70] = one.mean[PRESSURE, 40, 70] = 9e4
    assert deepest_low(one) == point(12, 70)


def test_the_foot_of_the_himalaya_lies_under_the_observation():
    rise = 4e4 / (1.0 + np.exp(-(LATITUDE[:, None] - 32.0) / 2.0)) * np.ones(96)
    one = scene(rise)
    one.state[PRESSURE] = 1e5 * np.exp(-rise / (287.0 * 280.0))
    latitude, longitude = foot_of_himalaya(one)
    row = int(np.argmin(np.abs(LATITUDE - latitude)))
    assert 25.0 < latitude < 33.0
    assert 68.0 < longitude < 105.0
    assert one.state[PRESSURE, row, 0] > 8e4


@dataclass
class Clock:
    """A model whose state counts the hours that it ran."""

    layout: Layout = LAYOUT
    leads: list = field(default_factory=list)

    def propagate(self, state, start_hours, lead_hours):
        self.leads.append(lead_hours)
        return state[None] + np.asarray(lead_hours, np.float32)[:, None, None, None]


def test_backgrounds_are_run_once(tmp_path, monkeypatch):
    begin = int(hours_since_1970("2004-02-14T00"))
    monkeypatch.setattr(gallery, "start_state", lambda world: (np.zeros(LAYOUT.shape, np.float32), begin))
    world = SimpleNamespace(layout=LAYOUT)
    model = Clock()
    first = gallery_backgrounds(model, world, tmp_path / "new", (5, 20))
    assert model.leads == [(120,)] * 4
    assert [float(background.state.mean()) for background in first] == [120.0, 480.0]
    assert [background.hours for background in first] == [begin + 5 * 24, begin + 20 * 24]
    again = gallery_backgrounds(model, world, tmp_path / "new", (5, 20))
    assert len(model.leads) == 4
    np.testing.assert_array_equal(again[1].state, first[1].state)
    with pytest.raises(ValueError, match="multiples of 5"):
        gallery_backgrounds(model, world, tmp_path, (3,))
    with pytest.raises(ValueError, match="another layout"):
        gallery_backgrounds(model, SimpleNamespace(layout=None), tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_has_a_row_a_day_and_a_column_a_method_on_one_scale(case):
    rng = np.random.default_rng(0)
    scenes = [scene(rng.uniform(0.0, 1e4, LAYOUT.grid.shape)) for _ in range(2)]
    made = []
    for k, one in enumerate(scenes):
        one.state[:] += rng.normal(size=LAYOUT.shape)
        observation = SingleObservation(case.variable, 10.0 * k, 175.0, case.departure, case.error, case.level_hpa)
        background = Background("x", 24 * k, one.state)
        channel = nearest_channel(observation, background, LAYOUT)
        increments = rng.normal(size=(2, *LAYOUT.shape)) * (k + 1.0)
        made.append(
            [
                SingleAnalysis(name, observation, background, increment, 0.5, "", channel)
                for name, increment in zip(("3dvar", "latent_3dvar"), increments, strict=True)
            ]
        )
    figure = case_figure(case, scenes, made)
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    titles = [axes.get_title(loc="left") for axes in panels]
    assert [title.split(",")[0] for title in titles] == ["3D-Var", "latent 3D-Var"] * 2
    assert "1970-01-01 00 UTC" in titles[1]
    assert "1970-01-02 00 UTC" in titles[2]
    assert len({axes.collections[0].get_clim() for axes in panels}) == 1
