"""Energies of uniform differences, worked out by hand."""

import numpy as np
import pytest

from latentda.grid import PressureLevels, SigmaLevels, build_layout, line_grid, mass_shares
from latentda.physics.constants import GAS_CONSTANT
from latentda.verification import total_energy
from tests.worlds import sigma_layout

LAYOUT = sigma_layout()


def test_layers_share_the_mass():
    np.testing.assert_allclose(mass_shares(SigmaLevels((0.1, 0.5, 0.9))), [0.3, 0.4, 0.3])
    np.testing.assert_allclose(mass_shares(PressureLevels((200.0, 500.0, 1000.0))), [0.35, 0.4, 0.25])


@pytest.mark.parametrize(
    ("short", "size", "energy"),
    [
        ("u", 2.0, 2.0),
        ("t", 1.0, 0.5 * 3.5 * GAS_CONSTANT / 270.0),
        ("q", 1e-3, 0.5 * 2501.0**2 / (3.5 * GAS_CONSTANT * 270.0)),
        ("sp", 100.0, 0.5 * GAS_CONSTANT * 270.0 * 1e-6),
    ],
)
def test_a_uniform_difference_has_the_energy_of_its_size(short, size, energy):
    difference = np.zeros(LAYOUT.shape)
    difference[LAYOUT.indices(short)] = size
    parts = total_energy(difference, LAYOUT)
    assert parts[short] == pytest.approx(energy)
    assert sum(parts.values()) == pytest.approx(energy)


def test_a_level_counts_by_its_mass():
    difference = np.zeros(LAYOUT.shape)
    difference[LAYOUT.index("v@0.4")] = 1.0
    assert total_energy(difference, LAYOUT)["v"] == pytest.approx(0.5 * 0.65)


def test_a_world_without_energy_is_refused():
    layout = build_layout(line_grid(4), LAYOUT.vertical, {}, ["x"])
    with pytest.raises(ValueError, match="Total energy"):
        total_energy(np.zeros(layout.shape), layout)
