"""The small world of the cycles serves the intake too."""

from tests.cycling.conftest import cycler, first_background, observe, truth  # noqa: F401
