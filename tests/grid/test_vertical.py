import numpy as np
import pytest

from latentda.grid import (
    NoLevels,
    PressureLevels,
    SigmaLevels,
    layer_borders,
    level_name,
    mass_shares,
    vertical_from_units,
)


@pytest.mark.parametrize(
    ("kind", "levels"),
    [
        (PressureLevels, (850.0, 500.0)),
        (PressureLevels, (500.0, 500.0)),
        (PressureLevels, (50000.0, 85000.0)),
        (PressureLevels, ()),
        (SigmaLevels, (0.5, 1.5)),
        (SigmaLevels, (0.0, 0.5)),
    ],
)
def test_bad_levels_are_refused(kind, levels):
    with pytest.raises(ValueError, match="increasing downwards; got"):
        kind(levels)


def test_units_choose_the_vertical():
    assert vertical_from_units("hPa", [500, 850]) == PressureLevels((500.0, 850.0))
    assert vertical_from_units("sigma", [0.5]) == SigmaLevels((0.5,))
    assert vertical_from_units("", []) == NoLevels()
    with pytest.raises(ValueError, match="Unknown level units 'furlong'"):
        vertical_from_units("furlong", [1.0])


@pytest.mark.parametrize(("level", "name"), [(500, "500"), (np.float32(0.835), "0.835"), (0.025, "0.025")])
def test_level_names_do_not_depend_on_the_number_type(level, name):
    assert level_name(level) == name


def test_levels_share_a_column():
    np.testing.assert_allclose(mass_shares(SigmaLevels((0.25, 0.75))), [0.5, 0.5])
    np.testing.assert_allclose(mass_shares(SigmaLevels((0.25, 0.75)), (0.5,)), [1.0])
    np.testing.assert_allclose(mass_shares(PressureLevels((100.0, 300.0, 500.0))), [0.2, 0.2, 0.6])
    np.testing.assert_allclose(layer_borders((0.2, 0.6), 0.0, 1.0), [0.0, 0.4, 1.0])
