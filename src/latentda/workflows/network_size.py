"""The size of an autoencoder that suits a grid and the time there is to train it.

Every token sees every other, so a step costs, in floating-point operations, about

    6 B [ T (12 w^2 b 2 + 2 w F) + 4 T^2 w b ],

with B states a step, T tokens, width w, b blocks on each side and F numbers of a patch; the factor six is a multiply,
an add, and twice as much backwards. Patches are the smallest with few enough tokens, the latent keeps a sixteenth of a
state's numbers within bounds, and the steps fill the time at a quarter of the machine's matrix rate. All shares are
ours.
"""

from __future__ import annotations

from dataclasses import replace

from latentda.grid import Layout
from latentda.networks import AutoencoderSettings
from latentda.training import TrainingSettings
from latentda.training.throughput import matmul_rate

MOST_TOKENS = 512
"""Tokens of one state."""

SHARE = 0.25
"""Of the rate of matrix products that a training reaches."""

FEWEST_STEPS, MOST_STEPS = 30, 50_000


def suited_network(layout: Layout) -> AutoencoderSettings:
    """The shape of an autoencoder of a layout's states."""
    channels, rows, columns = layout.shape
    patch = 1 if rows == 1 else 2
    while -(-rows // patch) * -(-columns // patch) > MOST_TOKENS:
        patch += 1
    features = channels * patch**2
    latent = min(features, 64, max(16, 8 * round(features / 16 / 8)))
    width = 96 if channels < 32 else 192
    return AutoencoderSettings(
        patch, latent, width, width // 32, 1 if channels < 32 else 2, overlap=1 if patch > 2 else 0
    )


def operations_a_state(layout: Layout, network: AutoencoderSettings) -> float:
    """Floating-point operations of one training state."""
    channels, rows, columns = layout.shape
    tokens = -(-rows // network.patch) * -(-columns // network.patch)
    features = channels * (network.patch + network.overlap) ** 2
    linear = tokens * (24.0 * network.width**2 * network.blocks + 2.0 * network.width * features)
    return 6.0 * (linear + 4.0 * tokens**2 * network.width * network.blocks)


def suited_training(
    layout: Layout, network: AutoencoderSettings, training: TrainingSettings, minutes: float
) -> TrainingSettings:
    """The training with as many steps as fit into some minutes on this machine; a step sees two states a sample."""
    step = 2.0 * training.batch_size * operations_a_state(layout, network)
    steps = int(60.0 * minutes * SHARE * matmul_rate() / step)
    steps = min(max(steps, FEWEST_STEPS), MOST_STEPS)
    return replace(training, steps=steps, checkpoint_every=max(10, min(training.checkpoint_every, steps // 4)))
