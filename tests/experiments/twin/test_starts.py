"""Every entry of the catalogue starts: in a small world that stands still, a window of each kind of method."""

from dataclasses import replace
from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import GaussNewton, Instant, StrongConstraint, Variational, WeakConstraint
from latentda.experiments import experiment, nature, truth, twin
from latentda.experiments.checks.revisit import open_run
from latentda.experiments.twin import TwinSetUp
from latentda.experiments.twin.campaign import Campaign, run_campaign
from latentda.experiments.twin.catalogue import CATALOGUE
from latentda.experiments.twin.record import read_record
from latentda.experiments.twin.run import RECORD
from latentda.fields import StateWriter, write_standardizer
from latentda.forecast import Persistence
from latentda.grid import datetime_of_hours
from latentda.methods import FOUR_D, WEAK, method_files
from latentda.observations import columns
from latentda.operators import Diagonal
from latentda.priors import ModelSpacePrior
from latentda.user_error import UserError
from latentda.world import Assets
from tests.cycling.conftest import LAYOUT, small_intake, standardizer
from tests.experiments.worlds import FIRST, still_background

PRIOR = ModelSpacePrior(Diagonal(jnp.ones(LAYOUT.shape)))


class StillWorld(Persistence):
    """Takes the embedded world's place."""

    surface_geopotential = np.zeros(LAYOUT.grid.shape, np.float32)
    physics = ()


@cache
def still_method(name, slots):
    """The kind of method that a name stands for, with a background error that costs nothing."""
    if name == "free_run":
        return None
    window = Instant()
    if name in WEAK:
        window = WeakConstraint(StillWorld(LAYOUT), slots, PRIOR, standardizer())
    elif name in FOUR_D:
        window = StrongConstraint(StillWorld(LAYOUT), slots)
    return Variational(PRIOR, standardizer(), window, GaussNewton(2))


def simulate(model, days, out, *, every_hours, initial, track):
    """Write a truth that stands still, as long and as dense as it was asked for."""
    times = datetime_of_hours(FIRST) + np.arange(every_hours, 24 * days + 1, every_hours) * np.timedelta64(1, "h")
    StateWriter(out, LAYOUT).append(np.repeat(still_background()[None], times.size, axis=0), times)
    return out


@pytest.fixture
def still(tmp_path, monkeypatch):
    """The assets of a world in which nothing is left of the embedded one."""
    model = StillWorld(LAYOUT)
    for module in (experiment, nature, twin):
        monkeypatch.setattr(module, "jcm_model", lambda **_: model)
    for module in (nature, truth):
        monkeypatch.setattr(module, "simulate", simulate)
        monkeypatch.setattr(module, "initial_fields", lambda *_: (still_background(), datetime_of_hours(FIRST)))
    places = columns(8, 0, levels_hpa=(500.0, 850.0), variables=("t", "u"))
    monkeypatch.setattr(experiment, "build_network", lambda *_: lambda hours: places)
    monkeypatch.setattr(experiment, "make_intake", lambda *_: small_intake())
    monkeypatch.setattr(experiment, "build_method", lambda name, *_, slots, **__: still_method(name, slots))
    monkeypatch.setattr(experiment, "diagnose", lambda *_: {})
    experiment.shared_parts.cache_clear()
    assets = Assets(tmp_path / "assets")
    for name in {method for setup in CATALOGUE.values() for method in setup.methods}:
        for file in method_files(name, assets):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"one")
    assets.start.write_bytes(b"start")
    write_standardizer(standardizer(), assets.folder / "standardizer.safetensors")
    yield assets
    experiment.shared_parts.cache_clear()


def short(setup):
    """The set-up with nothing but its first day, which is at least one window long."""
    return replace(setup, scored_days=1, spinup_days=0, background_days=1, forecast_days=1, forecast_every_days=1)


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_entry_starts(name, still, tmp_path):
    setup = short(CATALOGUE[name])
    outcome = run_campaign(Campaign(setup, (0,), tmp_path / "out", still.folder), 1, lambda *_: None)
    assert outcome.failures == []
    begin = FIRST + 24
    for method in setup.methods:
        record = read_record(tmp_path / "out" / name / method / "seed_0" / RECORD)
        assert [cycle.hours for cycle in record.cycles] == list(range(begin, begin + 24, setup.interval_hours))
        assert [forecast.leads for forecast in record.forecasts] == [setup.leads]
        used = {cycle.facts["used"] for cycle in record.cycles}
        assert used == ({0} if method == "free_run" else {32})


def test_experiments_whose_truths_differ_in_interval_lie_beneath_one_root(still, tmp_path):
    for name in ("fraternal-sparse-window", "fraternal-sparse-window-6h"):
        setup = replace(short(CATALOGUE[name]), methods=("3dvar",))
        outcome = run_campaign(Campaign(setup, (0,), tmp_path / "out", still.folder), 1, lambda *_: None)
        assert outcome.failures == []
    visited = open_run("fraternal-sparse-window-6h", "3dvar", 0, tmp_path / "out", still)
    assert visited.nature.store == tmp_path / "out" / "nature_6h" / "nature.zarr"


def test_the_short_twin_observes_its_truth_at_every_analysis(still, tmp_path, monkeypatch):
    still_places = columns(8, 0, levels_hpa=(500.0,), variables=("t",))
    monkeypatch.setattr(twin, "radiosonde_network", lambda: still_places)
    monkeypatch.setattr(twin, "make_intake", lambda *_: small_intake())
    monkeypatch.setattr(twin, "build_method", lambda name, *_, **__: still_method(name, (0,)))
    setup = TwinSetUp(
        methods=("3dvar",), background_days=1, cycles=3, interval_hours=6, spinup_cycles=0, forecast_days=1
    )
    run = twin.run_twin(setup, still, tmp_path / "out")
    assert [cycle.facts["used"] for cycle in run.cycles["3dvar"]] == [8, 8, 8]
    assert run.truth.at(run.cycles["3dvar"][1].hours).shape == LAYOUT.shape


def test_a_short_twin_fills_days():
    with pytest.raises(UserError, match="divisor of 24"):
        TwinSetUp(interval_hours=5)
