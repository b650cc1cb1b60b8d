"""Set-ups as data: the arithmetic of their cycles, and the names."""

from dataclasses import FrozenInstanceError, replace

import pytest

from latentda.experiments.twin.catalogue import CATALOGUE, DEFAULT_FACTOR, ExperimentSetUp, find_experiment
from latentda.experiments.twin.observing import NETWORKS


def test_names_say_twin_and_network():
    varied = ("-huber", "-gross-errors", "-window", "-window-6h")
    plain = {name: setup for name, setup in CATALOGUE.items() if not name.endswith(varied)}
    assert len(plain) == 2 * len(NETWORKS)
    for name, setup in plain.items():
        assert name == setup.name == f"{setup.twin}-{setup.network}"


@pytest.mark.parametrize(
    ("name", "slots", "first"), [("window", (0, 12), [31, 41]), ("window-6h", (0, 6, 12, 18), [63, 83])]
)
def test_forecasts_of_windows_start_from_their_last_slot(name, slots, first):
    setup = find_experiment(f"fraternal-sparse-{name}")
    starts = [k for k in range(setup.cycles) if setup.starts_forecast(k)]
    assert setup.slots == slots
    assert starts[:2] == first
    assert {k % len(slots) for k in starts} == {len(slots) - 1}


def test_set_ups_with_gross_errors_differ_from_their_measure_in_nothing_else():
    spoilt = find_experiment("fraternal-sonde-gross-errors")
    sound = find_experiment("fraternal-sonde-huber")
    assert (spoilt.gross_errors, sound.gross_errors) == (0.05, 0.0)
    assert replace(spoilt, name=sound.name, gross_errors=0.0) == sound


@pytest.mark.parametrize("wrong", [{"gross_errors": 1.5}, {"huber_limit": 0.0}])
def test_shares_and_limits_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match="gross errors"):
        ExperimentSetUp("mine", **wrong)


def test_the_default_lengths():
    setup = find_experiment("fraternal-sonde")
    assert (setup.spinup_cycles, setup.cycles) == (30, 150)
    assert setup.leads == tuple(range(12, 121, 12))
    starts = [k for k in range(setup.cycles) if setup.starts_forecast(k)]
    assert starts == list(range(30, 150, 10))


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_the_nature_run_covers_the_last_forecast_of_a_seed(seed):
    setup = replace(find_experiment("identical-sparse"), scored_days=7)
    last = setup.first_hours(0, seed) + 12 * (setup.cycles - 1) + 24 * setup.forecast_days
    assert last <= 24 * setup.nature_days(seed) < last + 24 * 6
    assert setup.begin_hours(0, seed) == 24 * 90 * seed


def test_periods_of_two_seeds_do_not_overlap():
    setup = find_experiment("fraternal-sonde")
    assert setup.nature_days(0) <= setup.period_days


def test_factors_are_a_method_s_own_or_the_default():
    setup = ExperimentSetUp("mine", background_factors={"3dvar": 1.5})
    assert (setup.factor("3dvar"), setup.factor("latent_3dvar")) == (1.5, DEFAULT_FACTOR)
    with pytest.raises(FrozenInstanceError):
        setup.scored_days = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"methods": ("kriging",)}, "kriging"),
        ({"network": "pigeons"}, "pigeons"),
        ({"scored_days": 0}, "at least one day"),
        ({"interval_hours": 7}, "divisor of 24"),
        ({"window_slots": 1}, "two slots or more in at most 24 h"),
        ({"window_slots": 3}, "got 3 of 12 h"),
        ({"background_factors": {"3dvar": -1.0}}, "3dvar"),
    ],
)
def test_what_cannot_be_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        ExperimentSetUp("mine", **change)


def test_an_unknown_experiment_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"fraternal-sand.*fraternal-sonde"):
        find_experiment("fraternal-sand")
