import json

import pytest

from latentda.grid import (
    Channel,
    Layout,
    NoLevels,
    PressureLevels,
    SigmaLevels,
    build_layout,
    gaussian_grid,
    lat_lon_grid,
    layout_from_dict,
    line_grid,
    regional_grid,
)


@pytest.fixture
def layout():
    levels = {"t": (500, 850), "z": (850, 500), "q": (850,)}
    return build_layout(lat_lon_grid(4, 6), PressureLevels((500.0, 850.0)), levels, ("sp", "t2m"))


def test_channels_come_in_the_order_given(layout):
    assert layout.names == ("t@500", "t@850", "z@850", "z@500", "q@850", "sp", "t2m")
    assert layout.variables == ("t", "z", "q", "sp", "t2m")
    assert layout.shape == (7, 4, 6)


def test_index_finds_by_name_or_by_level(layout):
    assert layout.index("z@500") == layout.index("z", 500) == layout.index("z", 500.0) == 3
    assert layout.index("sp") == 5


def test_index_names_what_there_is(layout):
    with pytest.raises(KeyError, match=r"No channel 'u@500'; the layout has t@500, .*t2m"):
        layout.index("u", 500)


def test_indices_and_levels_are_ordered_downwards(layout):
    assert layout.indices("z").tolist() == [3, 2]
    assert layout.levels_of("z") == (500.0, 850.0)
    assert layout.indices("u").tolist() == []


def test_select_keeps_some_variables(layout):
    assert layout.select(["z", "sp"]).names == ("z@850", "z@500", "sp")


@pytest.mark.parametrize(
    "other",
    [
        build_layout(gaussian_grid(4, 8), SigmaLevels((0.5, 0.95)), {"u": (0.95,)}, ("sp",)),
        build_layout(line_grid(5), NoLevels(), {}, ("x",)),
        build_layout(regional_grid([50, 40], [-5, 0, 5]), NoLevels(), {}, ("msl",)),
    ],
    ids=lambda layout: layout.grid.kind,
)
def test_description_survives_json(other):
    assert layout_from_dict(json.loads(json.dumps(other.to_dict()))) == other


def test_duplicates_are_refused_by_name():
    channels = (Channel("t", 500), Channel("t", 500.0), Channel("sp"))
    with pytest.raises(ValueError, match=r"distinct channels; got \['t@500'\]"):
        Layout(lat_lon_grid(4, 6), PressureLevels((500.0,)), channels)


def test_an_empty_layout_is_refused():
    with pytest.raises(ValueError, match="got none"):
        Layout(lat_lon_grid(4, 6), NoLevels(), ())


def test_a_channel_off_the_levels_is_refused():
    with pytest.raises(ValueError, match=r"\['t@700'\] lie on levels"):
        build_layout(lat_lon_grid(4, 6), PressureLevels((500.0,)), {"t": (700,)}, ())
