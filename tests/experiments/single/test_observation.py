"""One observation: linear in its departure, fitted as its error says, described and drawn."""

import json
from dataclasses import replace
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from latentda.experiments.single.analysis import single_observation
from latentda.experiments.single.background import Background, read_background
from latentda.experiments.single.description import describe
from latentda.experiments.single.figures import method_maps, method_sections, observation_words
from latentda.experiments.single.observation import SingleObservation, nearest_channel
from latentda.experiments.single.results import write_single_results
from latentda.fields import Standardizer, to_dataset, unit_standardizer
from latentda.operators import SphericalTransform, estimate_spherical_blocks
from tests.worlds import SIZE, TYPICAL, sigma_layout, sizes_of, smooth_fields

LAYOUT = sigma_layout()
OBSERVATION = SingleObservation("t", 40.0, 178.0, 2.0, 1.0, 400.0)


@pytest.fixture(scope="module")
def world():
    # Seven samples for nine channels: errors of different variables and levels are correlated.
    samples = smooth_fields(LAYOUT.grid, 7, LAYOUT.shape[0])
    covariance = estimate_spherical_blocks(samples, SphericalTransform(LAYOUT.grid))
    climatology = unit_standardizer(LAYOUT).climatology
    mean = jnp.broadcast_to(jnp.asarray(sizes_of(LAYOUT, TYPICAL)), LAYOUT.shape)
    climatology = replace(climatology, coefficients=mean[None].astype(jnp.float32))
    scale = jnp.asarray(sizes_of(LAYOUT, SIZE)[:, 0, 0], jnp.float32)
    scales = Standardizer(climatology, scale, LAYOUT)
    return SimpleNamespace(standardizer=scales, layout=LAYOUT, error={"model": covariance}.__getitem__)


@pytest.fixture(scope="module")
def background(world):
    return read_background("climatology", world, "2001-07-01")


@pytest.fixture(scope="module")
def made(world, background):
    return single_observation(OBSERVATION, background, ["3dvar"], world)[0]


def test_the_increment_is_largest_near_the_observation(made):
    field = np.abs(made.increment[LAYOUT.index("t@0.4")])
    row, column = np.unravel_index(field.argmax(), field.shape)
    assert LAYOUT.grid.latitude[row] == pytest.approx(40.0, abs=25.0)
    assert LAYOUT.grid.longitude[column] == pytest.approx(180.0, abs=23.0)
    assert 0.0 < made.fitted < 1.0


def test_the_increment_is_linear_in_the_departure(made, world, background):
    twice = single_observation(replace(OBSERVATION, departure=4.0), background, ["3dvar"], world)[0]
    size = np.abs(made.increment).max((1, 2), keepdims=True)
    assert size.min() > 0.0
    np.testing.assert_allclose(twice.increment / size, 2.0 * made.increment / size, atol=0.1)


def test_the_fit_is_that_of_the_two_variances(made, world, background):
    # fitted = b / (b + r): from r = 1 follows b, and from b the fit for every other error.
    variance = made.fitted / (1.0 - made.fitted)
    for error in (0.1, 5.0):
        other = single_observation(replace(OBSERVATION, error=error), background, ["3dvar"], world)[0]
        assert other.fitted == pytest.approx(variance / (variance + error**2), abs=0.02)


def test_surface_pressure_needs_no_level(world, background):
    observation = SingleObservation("sp", -30.0, 5.0, -100.0, 100.0)
    one = single_observation(observation, background, ["3dvar"], world)[0]
    assert one.increment[LAYOUT.index("sp")].min() < 0.0
    assert nearest_channel(observation, background, LAYOUT) == LAYOUT.index("sp")


def test_the_channel_is_that_of_the_nearest_pressure(background):
    assert nearest_channel(replace(OBSERVATION, level_hpa=450.0), background, LAYOUT) == LAYOUT.index("t@0.4")
    assert nearest_channel(replace(OBSERVATION, level_hpa=800.0), background, LAYOUT) == LAYOUT.index("t@0.9")


def test_the_description_is_json_with_shares_that_sum_to_one(made):
    row = json.loads(json.dumps(describe(made, LAYOUT), allow_nan=False))
    assert sum(row["energy_share"].values()) == pytest.approx(1.0)
    assert row["energy_share_of_other_variables"] == pytest.approx(1.0 - row["energy_share"]["t"])
    assert row["extremes"]["t"]["max"] == pytest.approx(made.increment[LAYOUT.indices("t")].max())
    assert row["radius_km"]["t@0.4"]["50 %"] <= row["radius_km"]["t@0.4"]["90 %"]
    assert 0.0 < row["balance"]["geostrophic_misfit"] < 5.0


def test_no_balance_is_judged_near_the_equator(made):
    tropical = replace(made, observation=replace(OBSERVATION, latitude=3.0))
    assert describe(tropical, LAYOUT)["balance"] is None


def test_maps_share_colours_and_mark_the_place_across_the_date_line(made):
    figure = method_maps([made, replace(made, increment=2.0 * made.increment)], LAYOUT)
    figure.canvas.draw()
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    assert len(panels) == 2 * len({"t", "u", "sp"})
    limits = [axes.collections[0].get_clim() for axes in panels]
    assert limits[0] == limits[1]
    assert limits[0][0] == -limits[0][1]
    west, east = panels[0].get_xlim()
    assert west < 178.0 < 180.0 < east
    assert panels[0].lines[-1].get_xdata()[0] == 178.0


def test_sections_are_on_one_scale(made):
    figures = dict(method_sections([made, replace(made, method="latent_3dvar")], LAYOUT))
    assert list(figures) == ["3dvar", "latent_3dvar"]
    for figure in figures.values():
        figure.canvas.draw()
    levels = [figure.axes[0].collections[0].levels for figure in figures.values()]
    np.testing.assert_array_equal(*levels)


def test_files_of_a_result(made, tmp_path):
    _, files = write_single_results([[made]], LAYOUT, tmp_path / "new", pictures=True)
    names = ["increments.png", "section_3dvar.png", "increments.json", "report.html"]
    assert [path.name for path in files] == names
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(names)
    assert json.loads(files[2].read_text())["increments"][0]["method"] == "3dvar"
    assert "+2 K temperature at 400 hPa" in files[3].read_text()


def test_the_background_of_a_store(world, background, tmp_path):
    times = np.datetime64("2001-07-01T00", "s") + np.arange(2) * np.timedelta64(6, "h")
    states = np.stack([background.state, background.state + 0.5 * sizes_of(LAYOUT, SIZE)])
    to_dataset(states, LAYOUT, times).to_netcdf(tmp_path / "x.nc")
    last = read_background(tmp_path / "x.nc", world)
    assert last.hours == background.hours + 6
    np.testing.assert_allclose(last.state, states[1], rtol=1e-6)
    assert read_background(tmp_path / "x.nc", world, "2001-07-01").hours == background.hours
    with pytest.raises(ValueError, match="a state of 2001-07-02 00 UTC is wanted"):
        read_background(tmp_path / "x.nc", world, "2001-07-02")


def test_words():
    assert observation_words(OBSERVATION) == "+2 K temperature at 400 hPa over 40°N 178°E"
    low = SingleObservation("sp", -30.0, 250.0, -150.0, 100.0)
    assert observation_words(low) == "\N{MINUS SIGN}1.5 hPa surface pressure over 30°S 110°W"


@pytest.mark.parametrize(
    ("change", "methods", "message"),
    [
        ({"level_hpa": 1090.0}, ["3dvar"], "has no t at 1090 hPa over 40 N 178 E"),
        ({"variable": "z", "level_hpa": 1.0}, ["3dvar"], "has no z at 1 hPa .* its states hold u, v, t, q, sp"),
        ({"level_hpa": None}, ["3dvar"], "needs a level"),
        ({}, ["4dvar"], "has one time"),
        ({}, ["free_run"], "leave free_run out"),
        ({}, ["5dvar"], "Unknown method"),
    ],
)
def test_what_cannot_be_assimilated_is_refused(world, background, change, methods, message):
    with pytest.raises(ValueError, match=message):
        single_observation(replace(OBSERVATION, **change), background, methods, world)


def test_settings_without_sense_are_refused():
    with pytest.raises(ValueError, match="positive error"):
        replace(OBSERVATION, error=0.0)
    assert Background("x", 0, np.zeros(LAYOUT.shape)).hours == 0
