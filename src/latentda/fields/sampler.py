"""Samplers: training states from a store, piece by piece or at random, in standardised anomalies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy import ndarray

from latentda.fields.error import FieldsError
from latentda.fields.opening import Location
from latentda.fields.standardizer import Standardizer
from latentda.fields.store import open_store, read_states
from latentda.fields.store_times import hours_of, stamps_of
from latentda.grid import Layout, Time, as_datetime


@dataclass(frozen=True, eq=False)
class StoreSampler:
    """A period of a store, every ``stride``-th time.

    Attributes:
        path: the store, or its URL.
        layout: the channels to read.
        start: first date (inclusive), or None for the store's first.
        end: last date (exclusive), or None for the store's end.
        stride: keep every so many times.
    """

    path: Location
    layout: Layout
    start: Time | None = None
    end: Time | None = None
    stride: int = 1

    def open(self) -> tuple[xr.Dataset, ndarray, ndarray]:
        """The dataset, and the positions and hours since 1970 of the period's times, in order and each once.

        Raises:
            FieldsError: no time of the store lies in the period, or one is not on the hour.
        """
        dataset = open_store(self.path)
        stamps = stamps_of(dataset)
        first = as_datetime(self.start) if self.start is not None else stamps[0]
        inside = stamps >= first
        if self.end is not None:
            inside &= stamps < as_datetime(self.end)
        positions = np.flatnonzero(inside)[:: self.stride]
        if positions.size == 0:
            raise FieldsError(f"{self.path} holds no state between {self.start} and {self.end}.")
        return dataset, positions, hours_of(dataset, positions)

    def pieces(self, length: int = 128, skip: int = 0) -> Iterator[tuple[ndarray, ndarray]]:
        """Yield ``(hours, states)`` from the ``skip``-th state on, ``length`` at a time, physical units."""
        dataset, positions, hours = self.open()
        for i in range(skip, positions.size, length):
            piece = slice(i, i + length)
            yield hours[piece], read_states(dataset, self.layout, positions[piece])

    def anomalies(self, standardizer: Standardizer, dtype: type = np.float16) -> ndarray:
        """Every state as standardised anomalies in memory, ``(time, channel, lat, lon)``."""
        parts = []
        for hours, states in self.pieces():
            mean = standardizer.climatology.means(hours)
            scaled = (states - mean) / np.asarray(standardizer.scale)[:, None, None]
            parts.append(scaled.astype(dtype))
        return np.concatenate(parts)
