"""Time as compiled code sees it: whole hours since 1970-01-01 00 UTC, an int32.

A start date that is a traced number never recompiles anything; ``numpy.datetime64`` stays outside.
"""

from __future__ import annotations

import numpy as np
from jax import Array

Hours = Array | np.integer | int
"""Hours since 1970-01-01 00 UTC: a traced scalar, or a plain number."""
