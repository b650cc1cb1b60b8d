"""Associated Legendre functions, the part of spherical harmonics that depends on latitude.

    eps_n^m P_n^m = x P_(n-1)^m - eps_(n-1)^m P_(n-2)^m,    P_m^m = -sqrt((2 m + 1) / (2 m)) cos(phi) P_(m-1)^(m-1)
    cos(phi) d P_n^m / d phi = (n + 1) eps_n^m P_(n-1)^m - n eps_(n+1)^m P_(n+1)^m
    eps_n^m = sqrt((n^2 - m^2) / (4 n^2 - 1)),    x = sin(phi)

normalised to unit square integral over -1 < x < 1, with the sign (-1)^m. The recurrence upwards in n is stable; in
double precision it holds beyond n = 1000, where the seeds P_m^m that underflow belong to functions that are nil.
Sources: Holmes & Featherstone (2002), doi 10.1007/s00190-002-0216-2; Wieczorek & Meschede (2018),
doi 10.1029/2018GC007529.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latentda.grid.quadrature import Quadrature


def legendre_functions(
    rows: Quadrature, truncation: int, kind: type = np.float64
) -> tuple[Float[ndarray, "wave lat n"], Float[ndarray, "wave lat n"]]:
    """P and P / cos(phi) for m up to the truncation and n up to one more.

    On a pole P / cos(phi) is its limit, but 0 for m = 0, where it has none: winds have no such part there.

    Args:
        rows: where.
        truncation: of m.
        kind: floating-point type of what is returned; the recurrence is in double precision.
    """
    x, cosine = rows.sine, rows.cosine
    secant = np.divide(1.0, cosine, out=np.zeros_like(cosine), where=cosine > 0.0)
    plain: ndarray = np.zeros((truncation + 1, x.size, truncation + 2), kind)
    over = np.zeros_like(plain)
    seed = np.full(x.shape, np.sqrt(0.5))
    for m, eps in enumerate(recurrence(truncation)):
        # P for m = 0, P / cos(phi) for all others: both are smooth up to the poles.
        functions = np.zeros((truncation + 2, x.size))
        functions[m] = seed
        for n in range(m + 1, truncation + 2):
            functions[n] = (x * functions[n - 1] - eps[n - 1] * functions[n - 2]) / eps[n]
        plain[m] = (functions if m == 0 else functions * cosine).T
        over[m] = (functions * secant if m == 0 else functions).T
        seed = -np.sqrt((2 * m + 3) / (2 * m + 2)) * (seed if m == 0 else cosine * seed)
    return plain, over


def recurrence(truncation: int) -> Float[ndarray, "wave n"]:
    """eps_n^m for m up to the truncation and n up to two more; 0 where n is not greater than m."""
    m, n = np.arange(truncation + 1)[:, None], np.arange(truncation + 3)
    return np.sqrt(np.maximum(n**2 - m**2, 0) / (4.0 * n**2 - 1.0))
