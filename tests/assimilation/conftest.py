"""The small worlds of the cycles and of the variational methods serve what lies beside them."""

from tests.assimilation.variational.conftest import background  # noqa: F401
from tests.cycling.conftest import cycler, first_background, observe, truth  # noqa: F401
