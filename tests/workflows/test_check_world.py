"""A world's check tells a sound one from one whose numbers are wrong."""

import shutil

import pytest

from latentda.fields import read_standardizer, write_standardizer
from latentda.workflows.check_world import check_world
from latentda.workflows.network_size import MOST_TOKENS, suited_network
from latentda.world import WorldFolder
from tests.workflows.own_data import small_layout, world


@pytest.fixture(scope="module")
def report():
    return check_world(world())


def test_a_sound_world_passes_and_knows_its_methods(report):
    assert report.passed
    assert report.methods["3dvar"] == ""
    assert "autoencoder" in report.methods["latent_3dvar"]
    names = {check.name for check in report.checks}
    assert {"adjoint of 3dvar", "cost of 3dvar", "units of temperature (K)"} <= names
    assert (report.spread["3dvar"] > 0).all()


def test_temperatures_in_celsius_fail(tmp_path):
    shutil.copytree(world().folder, tmp_path / "W")
    path = tmp_path / "W" / "standardizer.safetensors"
    wrong = read_standardizer(path)
    rows = wrong.layout.indices("t")
    coefficients = wrong.climatology.coefficients.at[0, rows].add(-273.15)
    changed = type(wrong.climatology)(coefficients, wrong.climatology.annual, wrong.climatology.diurnal)
    write_standardizer(type(wrong)(changed, wrong.scale, wrong.layout), path)
    failed = {check.name for check in check_world(WorldFolder(tmp_path / "W")).checks if not check.passed}
    assert "units of temperature (K)" in failed


def test_networks_suit_their_grid():
    small = suited_network(small_layout())
    assert small.patch == 2
    assert small.latent <= small_layout().shape[0] * small.patch**2
    from latentda.experiments.sample.layouts import sample_layout

    large = sample_layout(121, 240, poles=True)
    network = suited_network(large)
    rows, columns = (-(-side // network.patch) for side in large.grid.shape)
    assert rows * columns <= MOST_TOKENS
    assert network.width % network.heads == 0
