"""Training batches straight from a store: states, or pairs of states a lag apart, in standardised anomalies.

A store keeps some consecutive times in one chunk, and reading one of them costs as much as reading all. So the
period is cut into *blocks*, whole chunks. A *round* of steps draws its batches from a pool of random blocks: as many as
fit a fixed share of memory, at least one a sample of the batch. Their samples are shuffled and dealt out, each once. So
every chunk is read once a round, all that is read is used, successive batches hold different weather, and memory holds
one pool, however long the period. Where all blocks hold as many samples, every epoch shows every sample once.

The batch of step k depends on the seed and on k alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import equinox as eqx
import jax
import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from latentda.fields.error import FieldsError
from latentda.fields.sampler import StoreSampler
from latentda.fields.standardizer import Standardizer
from latentda.fields.store import read_states

LONGEST_BLOCK = 32
"""Most stored times of a block: bounds memory for stores with very long chunks."""

POOL_BYTES = 2**28
"""Memory for the blocks of a round."""

_means = eqx.filter_jit(lambda climatology, hours: jax.vmap(climatology.mean)(hours))


@dataclass(frozen=True, eq=False)
class Block:
    """Consecutive times of a store, and the samples among them.

    Attributes:
        positions: in the store.
        hours: since 1970-01-01 00 UTC.
        samples: ``(sample, time)``, which of the positions make a sample: one, or two a lag apart.
    """

    positions: ndarray
    hours: ndarray
    samples: ndarray


class StoredSamples:
    """The samples of a period: every state, or every pair of states ``lag_hours`` apart in one block.

    Args:
        sampler: the period and its stride.
        standardizer: gives the anomalies.
        lag_hours: between the states of a pair; 0 for single states.

    Raises:
        FieldsError: the period holds no state, or no two states that far apart.
    """

    def __init__(self, sampler: StoreSampler, standardizer: Standardizer, lag_hours: int = 0):
        self.sampler, self.standardizer, self.lag_hours = sampler, standardizer, lag_hours
        self._dataset, positions, hours = sampler.open()
        self.hours = hours
        number = positions // _block_length(self._dataset, positions, hours, lag_hours)
        cuts = np.flatnonzero(np.diff(number)) + 1
        pieces = zip(np.split(positions, cuts), np.split(hours, cuts), strict=True)
        blocks = [Block(p, h, _samples(h, lag_hours)) for p, h in pieces]
        self.blocks = [block for block in blocks if len(block.samples)]
        if not self.blocks:
            raise FieldsError(
                f"{sampler.path} holds no two states {lag_hours} h apart in the period from {sampler.start} to "
                f"{sampler.end} with a stride of {sampler.stride}; change the lag, the stride or the period."
            )

    @cached_property
    def count(self) -> int:
        """Samples in the period."""
        return sum(len(block.samples) for block in self.blocks)

    def batches(self, size: int, seed: int) -> RandomBatches:
        """Random batches of ``size`` samples."""
        return RandomBatches(self, size, seed)

    def spread(self, blocks: int, each: int = 2) -> Iterator[Float[ndarray, "sample time channel lat lon"]]:
        """Samples spread evenly over the period: ``each`` of so many blocks, a block at a time."""
        chosen = np.unique(np.linspace(0, len(self.blocks) - 1, min(blocks, len(self.blocks))).astype(int))
        for number in chosen:
            block = self.blocks[number]
            kept = np.unique(np.linspace(0, len(block.samples) - 1, min(each, len(block.samples))).astype(int))
            yield self.read(block)[block.samples[kept]]

    def describe(self) -> dict[str, int]:
        """First and last hour and the number of samples, to tell one training from another."""
        return {"first_hour": int(self.hours[0]), "last_hour": int(self.hours[-1]), "samples": self.count}

    def read(self, block: Block) -> Float[ndarray, "state channel lat lon"]:
        """The anomalies of every time of a block, float32."""
        first, step = block.positions[0], self.sampler.stride
        states = read_states(self._dataset, self.standardizer.layout, slice(first, block.positions[-1] + 1, step))
        states -= np.asarray(_means(self.standardizer.climatology, block.hours))
        states /= np.asarray(self.standardizer.scale)[:, None, None]
        return states


class RandomBatches:
    """``batches(step)``: the batch of a step; the pool of the last round stays in memory."""

    def __init__(self, samples: StoredSamples, size: int, seed: int):
        self.samples, self.size, self.seed = samples, size, seed
        self._round = -1
        self._pool: list[tuple[ndarray, ndarray]] = []

    @cached_property
    def blocks_a_round(self) -> int:
        """Blocks in the pool: a multiple of the batch size."""
        longest = max(len(block.positions) for block in self.samples.blocks)
        bytes_a_block = 4 * longest * int(np.prod(self.samples.standardizer.layout.shape))
        wanted = min(POOL_BYTES // bytes_a_block, len(self.samples.blocks))
        return self.size * max(1, wanted // self.size)

    @cached_property
    def steps_a_round(self) -> int:
        """Steps that share a pool."""
        return self.blocks_a_round // self.size * max(len(block.samples) for block in self.samples.blocks)

    def __call__(self, step: int) -> Float[ndarray, "sample time channel lat lon"]:
        """The batch of a step."""
        number, turn = divmod(step, self.steps_a_round)
        if number != self._round:
            self._pool = []  # frees the last pool before the next one is read
            self._pool, self._round = self._dealt(number), number
        # Where blocks hold fewer samples than others, the deal begins again.
        dealt = (turn * self.size + np.arange(self.size)) % len(self._pool)
        return np.stack([states[chosen] for states, chosen in (self._pool[i] for i in dealt)])

    def _dealt(self, number: int) -> list[tuple[ndarray, ndarray]]:
        """The samples of a round in random order, each with the states of its block."""
        blocks = [self._block(number * self.blocks_a_round + i) for i in range(self.blocks_a_round)]
        pool = []
        for block in blocks:
            states = self.samples.read(block)
            pool += [(states, chosen) for chosen in block.samples]
        order = np.random.default_rng([self.seed, 1, number]).permutation(len(pool))
        return [pool[i] for i in order]

    def _block(self, place: int) -> Block:
        """The block at a place of the endless sequence of permutations."""
        epoch, within = divmod(place, len(self.samples.blocks))
        order = np.random.default_rng([self.seed, 0, epoch]).permutation(len(self.samples.blocks))
        return self.samples.blocks[order[within]]


def _samples(hours: ndarray, lag: int) -> ndarray:
    if lag == 0:
        return np.arange(len(hours))[:, None]
    first, second = np.nonzero(hours[None, :] - hours[:, None] == lag)
    return np.stack([first, second], axis=1)


def _block_length(dataset: xr.Dataset, positions: ndarray, hours: ndarray, lag: int) -> int:
    """Stored times a block: a chunk, or so many that half of the times start a pair."""
    chunk = min(LONGEST_BLOCK, max((_time_chunk(array) for array in dataset.data_vars.values()), default=1))
    if lag == 0 or len(hours) < 2:
        return chunk
    spacing = float(np.median(np.diff(hours) / np.diff(positions)))
    return chunk * max(1, int(np.ceil(2 * lag / spacing / chunk)))


def _time_chunk(array: xr.DataArray) -> int:
    """Times in one stored chunk of a variable; 1 where the store has no chunks."""
    chunks = array.encoding.get("chunks") or array.encoding.get("chunksizes")
    if "time" not in array.dims or not chunks or len(chunks) != array.ndim:
        return 1
    return int(chunks[array.dims.index("time")])
