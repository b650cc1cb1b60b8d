"""Every entry of the catalogue starts: in a small world that stands still, a window of each kind of method."""

from dataclasses import replace

import numpy as np
import pytest

from latentda.experiments.checks.revisit import open_run
from latentda.experiments.twin import demo, nature, run, truth
from latentda.experiments.twin.campaign import Campaign, run_campaign
from latentda.experiments.twin.catalogue import CATALOGUE
from latentda.experiments.twin.demo import TwinSetUp
from latentda.experiments.twin.record import read_record
from latentda.experiments.twin.run import RECORD
from latentda.fields import StateWriter
from latentda.grid import datetime_of_hours
from latentda.observations import columns
from latentda.user_error import UserError
from tests.cycling.conftest import LAYOUT
from tests.experiments.worlds import FIRST, StillModel, still_background, still_world


def simulate(model, days, out, *, every_hours, initial, track):
    """Write a truth that stands still, as long and as dense as it was asked for."""
    times = datetime_of_hours(FIRST) + np.arange(every_hours, 24 * days + 1, every_hours) * np.timedelta64(1, "h")
    StateWriter(out, LAYOUT).append(np.repeat(still_background()[None], times.size, axis=0), times)
    return out


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = still_world(tmp_path_factory.mktemp("world"))
    world.start.write_bytes(b"start")
    return world


@pytest.fixture
def still(world, monkeypatch):
    """The world, with a truth that is simulated without the embedded model, and a network of a few columns."""
    monkeypatch.setattr(truth, "JcmModel", StillModel)
    monkeypatch.setattr(truth, "initial_fields", lambda *_: (still_background(), datetime_of_hours(FIRST)))
    for module in (nature, truth):
        monkeypatch.setattr(module, "simulate", simulate)
    places = columns(8, 0, levels_hpa=(500.0, 850.0), variables=("t", "u"))
    monkeypatch.setattr(run, "build_network", lambda *_: lambda hours: places)
    return world


def short(setup):
    """The set-up with nothing but its first day, which is at least one window long."""
    return replace(setup, scored_days=1, spinup_days=0, background_days=1, forecast_days=1, forecast_every_days=1)


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_entry_starts(name, still, tmp_path):
    setup = short(CATALOGUE[name])
    outcome = run_campaign(Campaign(setup, (0,), tmp_path / "out", still), 1, lambda *_: None)
    assert outcome.failures == []
    begin = FIRST + 24
    for method in setup.methods:
        record = read_record(tmp_path / "out" / name / method / "seed_0" / RECORD)
        assert [cycle.hours for cycle in record.cycles] == list(range(begin, begin + 24, setup.interval_hours))
        assert [forecast.leads for forecast in record.forecasts] == [setup.leads]
        if method == "free_run":
            assert {cycle.facts["used"] for cycle in record.cycles} == {0}
            continue
        # A datum with a gross error may be refused, and none without.
        assert {cycle.facts["used"] + cycle.facts["refused"] for cycle in record.cycles} == {32}
        assert setup.gross_errors or {cycle.facts["refused"] for cycle in record.cycles} == {0}


def test_experiments_whose_truths_differ_in_interval_lie_beneath_one_root(still, tmp_path):
    for name in ("fraternal-sparse-window", "fraternal-sparse-window-6h"):
        setup = replace(short(CATALOGUE[name]), methods=("3dvar",))
        outcome = run_campaign(Campaign(setup, (0,), tmp_path / "out", still), 1, lambda *_: None)
        assert outcome.failures == []
    visited = open_run("fraternal-sparse-window-6h", "3dvar", 0, tmp_path / "out", still)
    assert visited.nature.store == tmp_path / "out" / "nature_6h" / "nature.zarr"


def test_a_truth_begins_with_the_start_state(still, tmp_path):
    made = nature.prepare_nature(still, 5, tmp_path / "nature")
    begun = made.truth(LAYOUT, FIRST, FIRST + 24)
    np.testing.assert_array_equal(begun.hours, FIRST + np.array([0, 12, 24]))
    np.testing.assert_array_equal(begun.at(FIRST), still_background())
    with pytest.raises(UserError, match="make it longer"):
        made.truth(LAYOUT, FIRST, FIRST + 24 * 6)


def test_the_short_twin_observes_its_truth_at_every_analysis(still, tmp_path, monkeypatch):
    still_places = columns(8, 0, levels_hpa=(500.0,), variables=("t",))
    monkeypatch.setattr(demo, "radiosonde_network", lambda: still_places)
    setup = TwinSetUp(
        methods=("3dvar",), background_days=1, cycles=3, interval_hours=6, spinup_cycles=0, forecast_days=1
    )
    made = demo.run_twin(setup, still, tmp_path / "out")
    assert [cycle.facts["used"] for cycle in made.cycles["3dvar"]] == [8, 8, 8]
    assert made.truth.at(made.cycles["3dvar"][1].hours).shape == LAYOUT.shape


def test_a_world_with_another_model_has_no_simulated_truth(world, tmp_path):
    for simulated in (
        lambda: nature.prepare_nature(world, 5, tmp_path / "nature"),
        lambda: demo.run_twin(TwinSetUp(methods=("3dvar",)), world, tmp_path / "twin"),
    ):
        with pytest.raises(UserError, match="has the model StillModel; a truth is simulated with the embedded one"):
            simulated()
    assert not list(tmp_path.iterdir())


def test_a_short_twin_fills_days():
    with pytest.raises(UserError, match="divisor of 24"):
        TwinSetUp(interval_hours=5)
