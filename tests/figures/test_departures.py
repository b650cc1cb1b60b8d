"""Figures of observations and feedback: panels, units, scales that compare, and words for what cannot be drawn."""

from __future__ import annotations

import numpy as np
import pytest

from latentda.figures import (
    class_map,
    count_map,
    departure_histogram,
    departure_maps,
    departure_series,
    error_correlations,
    error_levels,
    verdict_map,
    vertical_counts,
)
from latentda.observations import empty_table, refuse
from latentda.verification.feedback_summary import EDGES, summarise
from tests.feedback_tables import feedback_table


@pytest.fixture(scope="module")
def table():
    made = feedback_table()
    return refuse(made, np.arange(made.num_rows) % 5 == 0, "thinned")


@pytest.fixture(scope="module")
def summary():
    return summarise(feedback_table(seed, cycle=seed) for seed in range(2))


def drawn(figure):
    figure.canvas.draw()
    return figure


def words(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_class_map_says_how_many_of_each(table):
    assert words(drawn(class_map(table))) == ["ADPUPA: 440 data of 40 stations", "ADPSFC: 40 data of 40 stations"]


def test_the_verdict_map_shows_places_that_lost_everything(table):
    nothing = refuse(table, np.asarray(table["station"]) == "S3", "blacklist")
    assert words(drawn(verdict_map(nothing))) == ["nothing used: 1 places", "data used: 39 places"]


def test_the_count_map_counts_boxes(table):
    dots = drawn(count_map(table)).axes[0].collections[-1]
    assert dots.get_array().sum() == table.num_rows


def test_vertical_counts_have_a_panel_a_variable_and_one_of_the_surface(table):
    figure = drawn(vertical_counts(table))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["temperature", "at the surface"]
    assert words(figure) == ["used", "refused"]
    assert words(vertical_counts(feedback_table())) == ["data"]
    used, every = (patch.get_data().values for patch in figure.axes[0].patches)
    assert (used <= every).all()
    assert every.sum() == 440


@pytest.mark.parametrize("draw", [class_map, verdict_map, count_map, vertical_counts])
def test_nothing_to_draw(draw):
    with pytest.raises(ValueError, match="no observation"):
        draw(empty_table())


def test_series_have_a_row_a_variable_with_units(summary):
    figure = drawn(departure_series(summary.times, summary.fits))
    assert [axes.get_ylabel() for axes in figure.axes] == ["departure (K)", "", "departure (hPa)", ""]
    with pytest.raises(ValueError, match="no observation"):
        departure_series(summary.times, summary.fits, used=False)


def test_maps_of_departures_share_a_scale_centred_on_zero(summary):
    figure = drawn(departure_maps(summary.boxes, [("sp", None)]))
    scales = [mesh.norm for axes in figure.axes for mesh in axes.collections if hasattr(mesh, "get_coordinates")][:2]
    assert {(scale.vmin, scale.vmax) for scale in scales} == {(-scales[0].vmax, scales[0].vmax)}
    with pytest.raises(ValueError, match="No used data of specific humidity"):
        departure_maps(summary.boxes, [("q", None)])


def test_histograms_stand_on_the_gaussian_of_their_number(summary):
    figure = drawn(departure_histogram(summary.histogram))
    assert figure.axes[0].get_yscale() == "log"
    gauss = figure.axes[0].lines[0].get_ydata()
    assert gauss.sum() == pytest.approx(summary.histogram["t"][0].sum(), rel=1e-6)
    assert len(gauss) == len(EDGES) - 1
    with pytest.raises(ValueError, match="no departure"):
        departure_histogram({})


def test_errors_have_a_panel_a_variable(summary):
    figure = drawn(error_levels(summary.errors))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["temperature", "at the surface"]
    assert figure.axes[0].get_xlabel() == "standard deviation (K)"
    with pytest.raises(ValueError, match="fewer than"):
        error_levels(summary.errors, fewest=10_000)


def test_correlations_say_their_length(summary):
    figure = drawn(error_correlations(summary.correlations))
    assert "exp" in figure.axes[1].get_title(loc="left")
    with pytest.raises(ValueError, match="no sounding"):
        error_correlations([])
