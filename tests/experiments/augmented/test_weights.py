import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.experiments.augmented.learned import CODES, NETWORKS
from latentda.experiments.augmented.methods import one_step_errors
from latentda.experiments.augmented.system import DATA, benchmark_system, nature_run
from latentda.experiments.augmented.training import Plan, refined, windows
from latentda.experiments.augmented.weights import learned_networks
from latentda.networks import PointwiseCode, named_arrays
from latentda.training import TrainingSettings
from latentda.user_error import UserError

QUICK = TrainingSettings(30, 16, 1e-2, 0.0, 0.02)
PLAN = Plan(runs=3, steps=24, code=QUICK, decoder=QUICK, rounds=1, step=QUICK)


def test_a_folder_that_lacks_networks_gets_them(system, tmp_path, monkeypatch):
    monkeypatch.setitem(CODES, "pointwise", lambda points, latent, key: PointwiseCode(points, latent, 2, key))
    trained = learned_networks(("quadratic",), tmp_path, system, plan=PLAN)["quadratic"]
    found = learned_networks(("quadratic",), tmp_path, system, track=lambda *_: pytest.fail("trained again"))
    arrays = named_arrays(found["quadratic"])
    assert all(np.array_equal(arrays[name], array) for name, array in named_arrays(trained).items())
    untrained = NETWORKS["quadratic"].new(24, 6, jax.random.key(0))
    assert jnp.abs(trained.step.tendency.B.weight - untrained.step.tendency.B.weight).max() > 0.0


def test_what_there_is_not_is_said(system):
    with pytest.raises(UserError, match="no trained networks published; give a folder"):
        learned_networks(("published",), None, system)
    with pytest.raises(UserError, match="Unknown networks quadratric; known are quadratic, product, published"):
        learned_networks(("quadratric",), None, system)


def test_windows_are_all_pieces_in_a_row():
    series = np.arange(10.0).reshape(2, 5, 1)
    found = windows(series, 2)[..., 0]
    np.testing.assert_array_equal(found, [[0, 1, 2], [1, 2, 3], [2, 3, 4], [5, 6, 7], [6, 7, 8], [7, 8, 9]])


@pytest.fixture(scope="module")
def shipped():
    system = benchmark_system()
    x = jax.vmap(jax.vmap(system.lift))(nature_run(system, jax.random.key(8), 4, 25))
    return learned_networks(("quadratic", "product"), None, system), x


def test_the_package_has_small_networks_that_are_good(shipped):
    learned, x = shipped
    for name, latent in learned.items():
        assert (DATA / f"{name}.safetensors").stat().st_size < 600_000
        # Persistence of a standardised code errs by a quarter; the few largest states are the worst learnt.
        assert 0.0 < jnp.median(jnp.abs(one_step_errors(latent, x))) < 0.005


def test_refined_codes_reconstruct_better_than_those_of_the_encoder(shipped):
    learned, x = shipped
    code, states = learned["quadratic"].code, x[:, ::8].reshape(-1, x.shape[-1])

    def error(codes):
        return jnp.sqrt(jnp.mean((jax.vmap(code.decode)(codes) - states) ** 2, axis=1))

    raw, fine = error(jax.vmap(code.encode)(states)), error(refined(code, states))
    assert jnp.all(fine <= raw)
    assert jnp.median(fine) < 0.2 * jnp.median(raw)
