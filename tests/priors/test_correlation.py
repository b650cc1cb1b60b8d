import numpy as np
import pytest

from latentda.priors import latent_correlations

RNG = np.random.default_rng(0)


def test_independent_errors_have_none_beyond_the_sampling_noise():
    found = latent_correlations(RNG.normal(size=(400, 6, 5, 8)))
    assert max(found.to_dict().values()) < 0.03


def test_known_correlations_are_found():
    white = RNG.normal(size=(3000, 2, 3, 8))
    neighbours = np.sqrt(0.5) * (white + np.roll(white, -1, axis=-1))
    neighbours[:, 1] = 0.6 * neighbours[:, 0] + 0.8 * neighbours[:, 1]
    found = latent_correlations(neighbours)
    assert found.within_token == pytest.approx(0.6, abs=0.02)
    # Channel 0 shares half its variance with the next token, channel 1 as much of its own.
    assert found.next_token == pytest.approx(0.5, abs=0.02)
    assert found.next_token_other_channel == pytest.approx(0.3, abs=0.02)
    assert found.next_row < 0.02


def test_an_element_without_variance_is_refused():
    samples = RNG.normal(size=(5, 2, 3, 4))
    samples[:, 1, 2, 3] = 0.0
    with pytest.raises(ValueError, match="every latent element varies"):
        latent_correlations(samples)
