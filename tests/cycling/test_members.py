"""Members carried from cycle to cycle: what an ensemble is to a run, and what becomes of it when one is lost."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation import AnalysisError
from latentda.assimilation.ensemble import EnKF, EnsembleMethod, Localization, RelaxationToPriorSpread
from latentda.cycling import Cycler, CycleSettings
from latentda.forecast import JaxModel, Persistence, forecast_members
from latentda.operators import Ensemble
from latentda.priors import ModelSpacePrior
from tests.cycling.conftest import LAYOUT, run, small_intake, standardizer
from tests.worlds import SIZE, TYPICAL, sizes_of, states_of

SETTINGS = CycleSettings(start_hours=262_800, cycles=4, interval_hours=12)
SCALE = sizes_of(LAYOUT, SIZE)
TYPICAL_STATE = sizes_of(LAYOUT, TYPICAL)
NEAR = Localization(6000.0, 3.0)


class Turning(eqx.Module):
    """Everything moves one column to the east in 12 h; what exceeds a limit is lost."""

    limit: float

    def __call__(self, field, hours):
        return jnp.where(jnp.abs(field[0]).max() < self.limit, jnp.roll(field, 1, axis=-1), jnp.nan)


def filtering(size=12, localization=NEAR, model=None, **settings):
    """Members that differ as states of the world do."""
    states = jnp.asarray(states_of(LAYOUT, 22)[2:])
    prior = ModelSpacePrior(Ensemble(standardizer().to_anomaly(states - states.mean(axis=0) + TYPICAL_STATE, 0)))
    settings = {"inflation": RelaxationToPriorSpread(0.5), **settings}
    method = EnsembleMethod(prior, standardizer(), size, localization=localization, **settings)
    return Cycler(model or Persistence(LAYOUT), small_intake(), method)


@pytest.fixture(scope="module")
def whole(first_background, observe):
    return run(filtering(), first_background, observe, SETTINGS)


def test_the_mean_nears_the_truth(whole, truth):
    first, last = (np.sqrt(np.mean(((x - truth) / SCALE) ** 2)) for x in (whole[0].background, whole[-1].analysis))
    assert last < 0.9 * first
    assert whole[0].facts["spread_analysis"] < whole[0].facts["spread_background"]
    assert whole[0].facts["members"] == 12


def test_a_persistent_forecast_hands_the_analysis_on(whole):
    np.testing.assert_allclose(whole[1].background, whole[0].analysis, rtol=1e-6)


@pytest.mark.parametrize("kept", [2, 3])
def test_a_killed_run_is_that_which_was_not(first_background, observe, whole, tmp_path, kept):
    run(filtering(), first_background, observe, SETTINGS, folder=tmp_path)
    assert sorted(path.name[:13] for path in tmp_path.glob("carried_*")) == ["carried_00002", "carried_00003"]
    for k in range(kept + 1, 4):
        (tmp_path / f"cycle_{k:05d}.safetensors").unlink()
    again = run(filtering(), first_background, observe, SETTINGS, folder=tmp_path)
    for one, other in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one.analysis, other.analysis)
        assert one.facts == other.facts


def test_members_that_are_gone_are_said_to_be(first_background, observe, tmp_path):
    run(filtering(), first_background, observe, CycleSettings(262_800, 2, 12), folder=tmp_path)
    (tmp_path / "carried_00001.safetensors").unlink()
    with pytest.raises(AnalysisError.__base__, match=r"lacks carried_00001\.safetensors"):
        run(filtering(), first_background, observe, SETTINGS, folder=tmp_path)


def test_a_window_of_two_slots_uses_the_data_of_both(first_background, observe, truth):
    windowed = filtering(lead_hours=(0, 12))
    cycles = run(windowed, first_background, observe, SETTINGS)
    assert [cycle.hours for cycle in cycles] == [262_800, 262_812, 262_824, 262_836]
    alone = run(filtering(), first_background, observe, CycleSettings(262_800, 1, 12))
    # What the members' mean at the first slot is, the later data have a say in.
    assert not np.array_equal(cycles[0].analysis, alone[0].analysis)
    np.testing.assert_allclose(cycles[0].analysis, cycles[1].analysis, rtol=1e-5)


def test_a_global_filter_draws_the_same_again(first_background, observe):
    cycler = filtering(localization=None, analysis=EnKF(), rotated=True, seed=3)
    one, other = (run(cycler, first_background, observe, SETTINGS) for _ in range(2))
    np.testing.assert_array_equal(one[-1].analysis, other[-1].analysis)
    third = run(
        filtering(localization=None, analysis=EnKF(), rotated=True, seed=4), first_background, observe, SETTINGS
    )
    assert not np.array_equal(one[-1].analysis, third[-1].analysis)


def test_one_member_without_spread_changes_nothing(first_background, observe):
    cycles = run(filtering(size=1), first_background, observe, CycleSettings(262_800, 1, 12))
    np.testing.assert_array_equal(cycles[0].analysis, cycles[0].background)
    assert cycles[0].facts["spread_background"] == 0.0


def test_a_lost_member_is_one_sentence_or_left_behind(first_background, observe):
    def limited(limit, **settings):
        model = JaxModel(Turning(limit), layout=LAYOUT, step_hours=12)
        return filtering(model=model, inflation=None, **settings)

    carried = filtering().method.init(first_background)
    largest = np.sort(np.abs(np.asarray(carried.members[0, :, 0])).max(axis=(1, 2)))
    between, above_one = (largest[-2] + largest[-1]) / 2, (largest[0] + largest[1]) / 2
    with pytest.raises(AnalysisError, match=r"Of 12 members the forecasts of \d+ by JaxModel have blown up before"):
        limited(between).forward(carried, 262_800, 262_812)
    left = limited(between, without_lost=True).forward(carried, 262_800, 262_812)
    assert left.members.shape[1] == 11
    assert bool(jnp.isfinite(left.members).all())
    with pytest.raises(AnalysisError, match="fewer than two are left"):
        limited(above_one, without_lost=True).forward(carried, 262_800, 262_812)


def test_every_device_forecasts_its_share(first_background, monkeypatch):
    model = JaxModel(Turning(1e9), layout=LAYOUT, step_hours=12)
    members = jnp.stack([jnp.asarray(first_background) * (1.0 + 0.01 * k) for k in range(5)])
    alone = model.propagate_members(members, np.int32(0), (0, 12))
    monkeypatch.setattr(jax, "local_devices", lambda: jax.devices() * 2)
    np.testing.assert_array_equal(forecast_members(model, members, 0, (0, 12)), alone)
