"""A synthetic atmosphere on pressure levels, balanced by construction, whose forecasts err as real ones do.

A streamfunction of spherical harmonics and a few vertical structures f_k,

    psi(x, p, t) = sum_nm,k  a_nmk(t) Y_nm(x) f_k(p),      a(t+1) = rho e^(i omega) a(t) + (1 - rho^2)^(1/2) e(t),

moves with the phase speed of divergent Rossby-Haurwitz waves on a mean flow,

    omega_nm = m U - 2 Omega m / (n (n + 1) + F),      F = (a / L)^2 of a deformation radius L,

and all else follows from it:

    u = -d psi / dy, v = d psi / dx      z' = f psi             linear balance, sin(latitude) kept
    T' = -(1/R) d z' / d ln p            hydrostatic            q = r q_s(T, p), r a field of its own
    msl, t2m, u10m, v10m, d2m            from the lowest level

It is no weather: nothing in it is unstable. A forecast is the same recursion without its noise and with a mean flow
that is a little wrong, from a state that errs, so that its error grows with lead and has structures of the flow. Of a
linear Gaussian world all answers are known, which is what a first trial wants.

Source: Haurwitz (1940), J. Marine Res. 3, 254-267, for the phase speeds; the rest is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Complex, Float
from numpy import ndarray
from scipy.special import sph_harm_y

from latentda.grid import Layout
from latentda.grid.horizontal import EARTH_RADIUS
from latentda.physics.constants import GAS_CONSTANT
from latentda.physics.thermodynamics import specific_humidity

ROTATION = 7.292e-5
"""Of the Earth (s-1)."""

MEAN_FLOW = 7.0
"""Superrotation at the equator (m s-1)."""

DEFORMATION = 20.0
"""F: without it the longest waves would run around the globe in a day."""

WIND = 12.0
"""Root mean square of the wind of the leading vertical structure (m s-1)."""


@dataclass(frozen=True, eq=False)
class Atmosphere:
    """The synthetic atmosphere on the grid and levels of a layout.

    Attributes:
        layout: any grid, pressure levels; of the variables z, t, u, v, q, msl, t2m, d2m, u10m, v10m.
        truncation: largest total wavenumber; few enough for the grid.
        persistence: rho over 6 h.
        step_hours: of the recursion.
        mean_flow: U (m s-1).
    """

    layout: Layout
    truncation: int = 15
    persistence: float = 0.985
    step_hours: int = 6
    mean_flow: float = field(default=MEAN_FLOW)

    @cached_property
    def _modes(self) -> tuple[ndarray, ndarray]:
        pairs = [(n, m) for n in range(1, self.truncation + 1) for m in range(n + 1)]
        return np.array([n for n, _ in pairs]), np.array([m for _, m in pairs])

    @cached_property
    def _harmonics(self) -> Float[ndarray, "part field_and_point"]:
        """Y and its derivatives to the east and to the north (1/rad), side by side.

        Real and imaginary parts lie below each other, so that the real part of a sum of modes is a product of matrices.
        """
        n, m = self._modes
        grid = self.layout.grid
        latitude = np.deg2rad(np.clip(np.asarray(grid.latitude), -89.5, 89.5))[:, None]
        longitude = np.deg2rad(np.asarray(grid.longitude))
        step = 1e-4
        parts = np.empty((2, len(n), 3, *grid.shape), np.float32)
        for k, (degree, order) in enumerate(zip(n.tolist(), m.tolist(), strict=True)):  # all at once take much memory
            south, here, north = (
                sph_harm_y(degree, order, np.pi / 2 - phi, longitude)
                for phi in (latitude - step, latitude, latitude + step)
            )
            every = np.stack([here, 1j * order * here / np.cos(latitude), (north - south) / (2 * step)])
            parts[:, k] = every.real, -every.imag
        return parts.reshape(2 * len(n), -1)

    @cached_property
    def _vertical(self) -> tuple[ndarray, ndarray]:
        """f_k and d f_k / d ln p on the levels, ``(structure, level)``."""
        x = np.log(np.asarray(self.layout.vertical.levels) / 1000.0)
        k = np.arange(3)[:, None]
        tall = np.exp(-(((x + 1.35) / 1.5) ** 2)) + 0.25
        slope = -2 * (x + 1.35) / 1.5**2 * (tall - 0.25)
        wave, turn = np.cos(k * np.pi * x / 3.5), -k * np.pi / 3.5 * np.sin(k * np.pi * x / 3.5)
        size = np.array([1.0, 0.45, 0.25])[:, None]
        return size * tall * wave, size * (slope * wave + tall * turn)

    @cached_property
    def _amplitude(self) -> Float[ndarray, " mode"]:
        """Standard deviation of a mode: kinetic energy falls like n^-3 beyond wavenumber 6."""
        n = self._modes[0]
        energy = np.where(n < 6, 1.0, (n / 6.0) ** -3.0) / (n * (n + 1) * (2 * n + 1))
        total = np.sum(energy * n * (n + 1) * np.where(self._modes[1] > 0, 2, 1)) / (8 * np.pi)
        return np.sqrt(energy / total) * WIND * EARTH_RADIUS / np.sqrt(2.0)

    @cached_property
    def _step(self) -> Complex[ndarray, " mode 1"]:
        n, m = self._modes
        omega = m * self.mean_flow / EARTH_RADIUS - 2 * ROTATION * m / (n * (n + 1) + DEFORMATION)
        turn = np.exp(-1j * omega * 3600 * self.step_hours)
        return (self.persistence * turn)[:, None]

    def noise(self, random: np.random.Generator) -> Complex[ndarray, "mode structure"]:
        """A draw of coefficients, three of the flow's and one of the relative humidity's."""
        shape = (len(self._modes[0]), 4)
        draw = random.normal(size=shape) + 1j * random.normal(size=shape)
        return self._amplitude[:, None] * draw

    def forward(
        self, coefficients: Complex[ndarray, "mode structure"], random: np.random.Generator | None = None
    ) -> Complex[ndarray, "mode structure"]:
        """One step; with a generator as the truth goes, without one as a forecast does."""
        moved = self._step * coefficients
        if random is None:
            return moved
        return moved + np.sqrt(1.0 - self.persistence**2) * self.noise(random)

    def state(self, coefficients: Complex[ndarray, "mode structure"], hours: int) -> Float[ndarray, "channel lat lon"]:
        """Physical units, in the order of the layout's channels."""
        fields = self._fields(coefficients, hours)
        levels = list(self.layout.vertical.levels)
        state = np.empty(self.layout.shape, np.float32)
        for place, channel in enumerate(self.layout.channels):
            values = fields[channel.short]
            state[place] = values if channel.level is None else values[levels.index(channel.level)]
        return state

    def _fields(self, coefficients: ndarray, hours: int) -> dict[str, ndarray]:
        grid = self.layout.grid
        profile, slope = self._vertical
        parts = np.concatenate([coefficients.real, coefficients.imag]).astype(np.float32)
        mixed = (parts.T @ self._harmonics).reshape(-1, 3, *grid.shape)
        here, east, north = mixed[:3].swapaxes(0, 1)

        def along(structures: ndarray, weights: ndarray) -> ndarray:
            return np.tensordot(weights.T, structures, axes=1)

        latitude = np.deg2rad(np.asarray(grid.latitude))[:, None]
        coriolis = 2 * ROTATION * np.sin(latitude)
        levels = np.asarray(self.layout.vertical.levels)
        x = np.log(levels / 1000.0)[:, None, None]
        season = np.cos(2 * np.pi * (hours / 8766.0 - 0.04))
        warm = 288.0 + 14.0 * np.cos(2 * latitude) - 8.0 * season * np.sin(latitude)
        mean_t = np.maximum(warm * np.exp(0.19 * np.minimum(x, 0.0)), 208.0)
        jet = 9.0 + 22.0 * profile[0][:, None, None] * np.sin(2 * latitude) ** 2
        temperature = mean_t - coriolis / GAS_CONSTANT * along(here, slope)
        height = _thickness(mean_t, levels) + coriolis * along(here, profile)
        u = jet - along(north, profile) / EARTH_RADIUS
        v = along(east, profile) / EARTH_RADIUS
        wet = mixed[3, 0] / (WIND * EARTH_RADIUS)
        share = 1.0 / (1.0 + np.exp(-(0.4 + 6.0 * wet)))
        pressure = 100.0 * levels[:, None, None]
        humidity = np.maximum(share * np.exp(0.5 * x) * specific_humidity(temperature, pressure), 1e-7)
        low = int(np.argmax(levels))
        surface = {
            "msl": pressure[low] * np.exp(height[low] / (GAS_CONSTANT * temperature[low])),
            "t2m": temperature[low] + 0.5,
            "u10m": 0.7 * u[low],
            "v10m": 0.7 * v[low],
        }
        return {"z": height, "t": temperature, "u": u, "v": v, "q": humidity, **surface}


def _thickness(temperature: ndarray, levels: ndarray) -> ndarray:
    """Geopotential of the mean state above 1000 hPa (m2 s-2), by the hydrostatic equation from the lowest level up."""
    order = np.argsort(-levels)
    t, x = temperature[order], np.log(levels[order] / 1000.0)
    lowest = -GAS_CONSTANT * t[0] * x[0]
    layers = -0.5 * GAS_CONSTANT * (t[1:] + t[:-1]) * np.diff(x)[:, None, None]
    found = np.concatenate([lowest[None], lowest + np.cumsum(layers, axis=0)])
    return found[np.argsort(order)]
