"""Members beside a static background error, from cycle to cycle: limits, what lagged members are, killed runs."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import AnalysisError, GaussNewton, Instant, StateAtSlots, Variational
from latentda.assimilation.ensemble import (
    EnsembleMethod,
    EnsembleVariational,
    Localization,
    RelaxationToPriorSpread,
    mean_variance,
)
from latentda.cycling import Cycler, CycleSettings
from latentda.forecast import JaxModel, Persistence
from latentda.operators import Ensemble
from latentda.priors import ModelSpacePrior, model_space_taper
from tests.cycling.conftest import LAYOUT, run, small_intake, standardizer
from tests.worlds import SIZE, TYPICAL, sizes_of, states_of

SETTINGS = CycleSettings(start_hours=262_800, cycles=4, interval_hours=12)
TAPER = model_space_taper(LAYOUT, horizontal_km=8000.0, vertical_lnp=4.0)
SCALE = sizes_of(LAYOUT, SIZE)
MINIMISER = GaussNewton(30, 1, tolerance=1e-4)


def static():
    states = jnp.asarray(states_of(LAYOUT, 42)[2:])
    centred = states - states.mean(axis=0) + sizes_of(LAYOUT, TYPICAL)
    return ModelSpacePrior(Ensemble(standardizer().to_anomaly(centred, 0)))


def method(share=0.5, size=6, filtered=False, slots=(0,)):
    prior = static()
    window = Instant() if slots == (0,) else StateAtSlots(slots)
    own = None
    if filtered:
        own = EnsembleMethod(
            prior,
            standardizer(),
            size,
            localization=Localization(8000.0, 4.0),
            inflation=RelaxationToPriorSpread(0.5),
            lead_hours=slots,
        )
    variational = Variational(prior, standardizer(), window, MINIMISER)
    variance = mean_variance(prior.background_error)
    return EnsembleVariational(prior, variational, TAPER, variance, jnp.float32(share), size, own)


def cycling(**settings):
    return Cycler(Persistence(LAYOUT), small_intake(), method(**settings))


def error(state, truth):
    return np.sqrt(np.mean(((state - truth) / SCALE) ** 2))


@pytest.fixture(scope="module")
def lagged(first_background, observe):
    return run(cycling(), first_background, observe, SETTINGS)


def test_without_a_share_it_is_the_static_analysis(first_background, observe):
    table = observe(262_800)
    alone = Cycler(Persistence(LAYOUT), small_intake(), Variational(static(), standardizer(), minimiser=MINIMISER))
    expected = alone.step(first_background, table, 262_800)
    found = cycling(share=0.0).step(first_background, table, 262_800)
    np.testing.assert_allclose(found.analysis / SCALE, expected.analysis / SCALE, atol=2e-3)


def test_members_without_spread_leave_the_static_part_to_itself(first_background, observe):
    same = jnp.broadcast_to(jnp.asarray(first_background), (6, *LAYOUT.shape))
    given = {share: cycling(share=share) for share in (0.0, 0.9)}
    found = {
        share: next(one.cycles(one.method.init(same), lambda hours: observe(hours), [262_800])).analysis
        for share, one in given.items()
    }
    np.testing.assert_allclose(found[0.0] / SCALE, found[0.9] / SCALE, atol=2e-3)
    assert np.isfinite(found[0.9]).all()


def test_the_first_background_leads_and_older_forecasts_follow(lagged, first_background, observe):
    cycler = cycling()
    carried = cycler.method.init(first_background)
    np.testing.assert_array_equal(carried.members[0, 0], first_background)
    np.testing.assert_array_equal(cycler.method.first_guess(carried).background, first_background)
    made = [cycle.carried.members[-1] for cycle in cycler.cycles(carried, observe, range(262_800, 262_836, 12))]
    # The model changes nothing: the newest analysis, then those before, then the background.
    for age, expected in enumerate((lagged[2], lagged[1], lagged[0])):
        np.testing.assert_allclose(made[2][age], expected.analysis, rtol=1e-6)
    np.testing.assert_array_equal(made[2][3], first_background)
    assert len(made[2]) == 6


@pytest.mark.parametrize("filtered", [False, True])
def test_cycles_near_the_truth(first_background, observe, truth, filtered, lagged):
    cycles = run(cycling(filtered=True), first_background, observe, SETTINGS) if filtered else lagged
    assert error(cycles[-1].analysis, truth) < 0.8 * error(cycles[0].background, truth)
    assert cycles[0].facts["members"] == 6
    assert (cycles[0].spread is not None) == filtered


@pytest.mark.parametrize("filtered", [False, True])
def test_a_killed_run_is_that_which_was_not(first_background, observe, tmp_path, filtered):
    cycler = cycling(filtered=filtered)
    whole = run(cycler, first_background, observe, SETTINGS)
    run(cycler, first_background, observe, replace(SETTINGS, cycles=2), folder=tmp_path)
    again = run(cycler, first_background, observe, SETTINGS, folder=tmp_path)
    for one, other in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one.analysis, other.analysis)
        assert one.facts == other.facts


@pytest.mark.parametrize("filtered", [False, True])
def test_a_window_has_a_state_at_every_slot(first_background, observe, truth, filtered):
    cycles = run(cycling(filtered=filtered, slots=(0, 12)), first_background, observe, SETTINGS)
    assert [cycle.hours for cycle in cycles] == [262_800, 262_812, 262_824, 262_836]
    # The model changes nothing, so that neither do the slots differ.
    np.testing.assert_allclose(cycles[0].analysis / SCALE, cycles[1].analysis / SCALE, atol=1e-3)
    assert error(cycles[-1].analysis, truth) < 0.8 * error(cycles[0].background, truth)


def test_a_lost_background_ends_the_run_whatever_was_asked_for(first_background):
    model = JaxModel(lambda field, hours: jnp.where(hours < 0, field, jnp.nan), layout=LAYOUT, step_hours=12)
    one = replace(method(), without_lost=True)
    with pytest.raises(AnalysisError, match="fewer than two are left"):
        one.forecast(one.init(first_background), model, 262_800, 12, (0,))
