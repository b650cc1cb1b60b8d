"""The methods of the Lorenz-96 table and the score to expect of each.

| method | observed every | background x_b | B, or members N, inflation, radius r | RMS error to expect |
| --- | --- | --- | --- | --- |
| optimal-interpolation | 6 h | climatological mean, every time | climatological covariance | 0.92-0.96 |
| 3d-var | 6 h | forecast from the last analysis | 0.2 I | 0.39-0.46 |
| 4d-var-window-1 | 24 h | likewise | 0.2 I | 0.44-0.48 |
| 4d-var-window-2 | 24 h | likewise | 0.1 I | 0.38-0.42 |
| enkf-40 | 6 h | forecasts of the members | N 40, 1.06 | 0.21-0.24 |
| etkf-20 | 6 h | likewise | N 20, 1.04, rotated | 0.19-0.215 |
| etkf-28 | 6 h | likewise | N 28, 1.02, rotated | 0.175-0.20 |
| letkf-7 | 6 h | likewise | N 7, 1.04, rotated, r 4 | 0.21-0.24 |
| letkf-10 | 6 h | likewise | N 10, 1.04, rotated, r 6 | 0.19-0.22 |

The bands hold for the mean of three seeds; one seed scatters by 0.015. For settings and scores: the DAPPER package,
Raanes et al. (2024), doi 10.21105/joss.05150.
"""

from __future__ import annotations

from latentda.experiments.lorenz96.filters import FILTERS
from latentda.experiments.lorenz96.setup import Method
from latentda.experiments.lorenz96.variational import VARIATIONAL

METHODS: dict[str, Method] = VARIATIONAL | FILTERS
"""The table, by name."""
