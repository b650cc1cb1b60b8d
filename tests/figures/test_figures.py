"""Figures say their units, share scales where they compare, and centre signed fields on zero."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from matplotlib.colors import to_hex

from latentda.figures import (
    PlainLook,
    error_curves,
    fit_profile,
    look_of,
    map_panels,
    score_bars,
    score_heat,
    section_panel,
    training_curve,
)
from latentda.figures.coastline import coastline
from latentda.figures.colours import contour_levels, contour_ticks
from latentda.figures.maps import cells
from latentda.figures.style import raised
from latentda.grid import gaussian_grid, lat_lon_grid, regional_grid
from latentda.verification import LAYERS, FitRow

GRID = gaussian_grid(8, 12)
MINUS = "\N{MINUS SIGN}"
TIMES = np.datetime64("2000-01-01T00") + np.arange(4) * np.timedelta64(6, "h")


def field(seed=0, grid=GRID):
    return np.random.default_rng(seed).normal(size=grid.shape)


def meshes(figure):
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    return [c for axes in panels for c in axes.collections if hasattr(c, "get_coordinates")]


def bar_labels(figure):
    bars = [axes for axes in figure.axes if axes.get_label() == "<colorbar>"]
    return [axes.get_xlabel() or axes.get_ylabel() for axes in bars]


def drawn(figure):
    """The figure, once it has really been rendered."""
    figure.canvas.draw()
    return figure


def test_maps_have_bars_with_units_and_scales_centred_on_zero():
    fields = [field(0) + 270.0, field(1), 5.0 * field(2)]
    figure = drawn(map_panels(fields, ["a", "b", "c"], GRID, "K", signed=[False, True, True]))
    assert bar_labels(figure) == ["K", "K", "K"]
    first, second, third = (mesh.norm for mesh in meshes(figure))
    assert first.vmin > 200.0
    assert second.vmin == -second.vmax
    assert (second.vmin, second.vmax) == (third.vmin, third.vmax)


def test_groups_part_the_scales():
    fields = [field(1), field(1), 5.0 * field(2)]
    figure = map_panels(fields, ["a", "b", "c"], GRID, "m s-1", signed=True, groups=[0, 0, 1])
    limits = [mesh.norm.vmax for mesh in meshes(figure)]
    assert limits[0] == limits[1] != limits[2]
    assert bar_labels(figure) == ["m s⁻¹"] * 3


def test_humidity_is_shown_in_grams():
    figure = map_panels([1e-3 * field()], ["q"], GRID, "kg kg-1", signed=True)
    assert bar_labels(figure) == ["g kg⁻¹"]
    assert 1.0 < meshes(figure)[0].norm.vmax < 5.0


@pytest.mark.parametrize("grid", [GRID, lat_lon_grid(6, 7), lat_lon_grid(5, 8, poles=True)])
def test_a_turned_field_stays_at_its_longitudes(grid):
    place = np.broadcast_to(np.asarray(grid.longitude), grid.shape)
    longitude, latitude, turned = cells(place, grid)
    centres = 0.5 * (longitude[1:] + longitude[:-1])
    np.testing.assert_allclose((centres - turned[0]) % 360.0 % 360.0, 0.0, atol=1e-9)
    assert longitude[0] <= -180.0
    assert longitude[-1] >= 180.0
    assert {latitude[0], latitude[-1]} == {-90.0, 90.0}


def test_observations_lie_on_the_chosen_panels_of_a_region():
    grid = regional_grid(np.linspace(60.0, 30.0, 5), np.linspace(-20.0, 14.5, 6))
    where = (np.array([50.0, 50.0, 50.0]), np.array([355.0, 5.0, 180.0]))
    figure = drawn(map_panels([field(0, grid)] * 2, ["a", "b"], grid, "K", observations=where, observed=[1]))
    dots = [c.get_offsets() for axes in figure.axes for c in axes.collections if c.zorder == 4]
    np.testing.assert_allclose(dots, [[[-5.0, 50.0], [5.0, 50.0]]])


def test_maps_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="shape"):
        map_panels([np.zeros((2, 2))], ["a"], GRID, "K")
    with pytest.raises(ValueError, match="titles"):
        map_panels([field()], ["a", "b"], GRID, "K")


def test_a_field_of_zeros_can_be_drawn():
    drawn(map_panels([np.zeros(GRID.shape)] * 2, ["a", "b"], GRID, "K", signed=[True, False]))


def test_the_coast_is_the_worlds():
    points = np.concatenate(coastline())
    assert len(coastline()) > 100
    assert np.all(np.abs(points) <= (180.0, 90.0))


@pytest.mark.parametrize("signed", [True, False])
def test_a_section_is_upside_down_with_units(signed):
    pressures = np.array([50.0, 200.0, 500.0, 950.0])
    values = np.random.default_rng(3).normal(size=(4, 12))
    figure = drawn(section_panel(values, GRID.longitude, pressures, "K", signed=signed, point=0.0))
    axes = figure.axes[0]
    assert axes.get_ylim() == (950.0, 50.0)
    assert axes.get_yscale() == "log"
    assert axes.get_xlim() == (-180.0, 180.0)
    assert bar_labels(figure) == ["K"]


def test_signed_contours_mirror_on_a_neutral_band():
    from matplotlib.colors import Normalize

    levels = contour_levels(Normalize(-1.83, 1.83), True)
    ticks = contour_ticks(levels, True)
    np.testing.assert_allclose(levels, -levels[::-1])
    np.testing.assert_allclose(ticks, -ticks[::-1])
    assert 0.0 not in levels


LOOKS = {"3dvar": PlainLook("3D-Var", "#0072b2"), "free_run": PlainLook("no assimilation", "#8a919a")}


def test_what_nobody_has_declared_keeps_its_name_and_a_colour():
    assert look_of("3dvar", LOOKS) is LOOKS["3dvar"]
    assert look_of("my_new one", LOOKS) == look_of("my_new one", {})
    assert look_of("my_new one", {}).title == "my new one"


def test_curves_dash_the_background_and_name_the_lines():
    curve, worse = (TIMES, [4.0, 3.0, 2.0, 2.0]), (TIMES, [5.0, 4.0, 3.0, 3.0])
    figure = drawn(
        error_curves(
            {"3dvar": curve, "free_run": worse}, {"3dvar": worse}, ylabel="RMSE (K)", looks=LOOKS,
            references={"observation error": 1.0},
        )
    )  # fmt: skip
    axes = figure.axes[0]
    colours = [to_hex(line.get_color()) for line in axes.lines[:2]]
    assert colours == [LOOKS["3dvar"].colour] * 2
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["3D-Var", "no assimilation", "analysis", "background"]
    assert [text.get_text() for text in axes.texts] == ["observation error"]


def test_a_sawtooth_falls_at_the_analysis():
    analysis, background = (TIMES, [4.0, 3.0, 2.0, 1.0]), (TIMES, [5.0, 6.0, 7.0, 8.0])
    figure = error_curves({"a": analysis}, {"a": background}, ylabel="e", looks={}, sawtooth=True)
    line = figure.axes[0].lines[0]
    assert line.get_ydata().tolist() == [5.0, 4.0, 6.0, 3.0, 7.0, 2.0, 8.0, 1.0]


def test_curves_of_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="4 times but 1 values"):
        error_curves({"a": (TIMES, [1.0])}, ylabel="e", looks={})
    with pytest.raises(ValueError, match="no curve"):
        error_curves({}, ylabel="e", looks={})


def test_a_profile_has_a_panel_a_variable_and_kind():
    rows = [
        FitRow(short, layer, used, 5, 0.1, 1.0, 0.0, 0.6)
        for short in ("q", "t", "u")
        for layer in (None, *LAYERS)
        for used in (True, False)
    ]
    axes = drawn(fit_profile(rows)).axes
    assert [a.get_title(loc="left") for a in axes[:3]] == [
        "temperature, used",
        "zonal wind, used",
        "specific humidity, used",
    ]
    assert axes[5].get_xlabel() == "departure (g kg⁻¹)"
    assert axes[0].get_ylim() == (1050.0, 30.0)
    with pytest.raises(ValueError, match="no pressure layer"):
        fit_profile(rows[:2])


def test_the_heat_table_states_percent_changes():
    errors = {"t@500": 0.9, "t@850": 1.2, "sp": 100.0, "mean": 0.5, "q@500": 1.0}
    reference = {"t@500": 1.0, "t@850": 1.0, "sp": 100.0, "mean": 1.0}
    figure = drawn(score_heat(errors, reference, title="x"))
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == [f"{MINUS}10", "+20", "+0.0"]
    assert axes.get_title(loc="left") == f"x (mean {MINUS}50 %)"
    assert axes.get_xlabel() == "level (hPa)"
    assert axes.images[0].get_clim() == pytest.approx((-20.0, 20.0))
    with pytest.raises(ValueError, match="in common"):
        score_heat({"t@500": 1.0}, {"u@500": 1.0})


def test_bars_and_losses_are_drawn():
    bars = drawn(score_bars({"3dvar": [0.5, 0.7], "hloba": 0.4}, xlabel="RMSE", looks=LOOKS, reference=1.0))
    assert [text.get_text() for text in bars.axes[0].texts] == ["0.6", "0.4"]
    losses = {"training": [3.0, 2.0, 1.0], "validation": ([1, 3], [2.5, 1.5])}
    assert drawn(training_curve([1, 2, 3], losses)).axes[0].get_yscale() == "log"
    assert len(drawn(training_curve([1, 2], [1.0, 0.5])).axes[0].lines) == 1


def test_powers_are_raised_and_names_are_not():
    assert raised("m2 s-2") == "m² s⁻²"
    assert raised("1") == "1"


def test_no_global_figure_is_made():
    pyplot = sys.modules.get("matplotlib.pyplot")
    score_bars({"a": 1.0}, xlabel="x", looks={})
    assert pyplot is None or not pyplot.get_fignums()
