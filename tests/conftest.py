"""What several test modules share."""

import gc
import os
import sys
import tempfile
from pathlib import Path

# Compilation is most of the suite's time, and what is compiled runs once or twice. The suite's processes, among them
# the programs that tests start, share what one of them has compiled.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    compiled = tempfile.TemporaryDirectory(prefix="latentda-compiled-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = compiled.name

import jax
import pytest
from jaxtyping import config, install_import_hook

from tests.shapes import shapes_checked

# The shapes that these rooms' annotations say are checked whenever a test calls them.
ROOMS = ("physics", "grid", "fields", "networks", "operators", "priors", "assimilation", "verification")
install_import_hook([f"latentda.{room}" for room in ROOMS], f"{shapes_checked.__module__}.{shapes_checked.__name__}")
# What counts the lines that tests reach comes first, or it would not see the modules that the hook above loads.
sys.meta_path.sort(key=lambda finder: not type(finder).__module__.startswith("slipcover"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; tests that need it skip where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "data"
    path = Path(os.environ.get("LATENTDA_SHARED_DATA", default))
    if not path.is_dir():
        pytest.skip(f"no real data at {path}; LATENTDA_SHARED_DATA names their folder")
    return path


MOST_MAPS = 25_000
"""Memory maps of a process from which on its compiled programs are let go; Linux allows 65,530."""


@pytest.fixture(autouse=True, scope="module")
def programs_let_go():
    """Compiled programs keep their memory maps, and a process that has none left dies while it compiles."""
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > MOST_MAPS:
        jax.clear_caches()
        gc.collect()


@pytest.fixture
def float64():
    """Double precision for one test: laws hold to rounding, so rounding should be small."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def wrong_shapes():
    """For a test that gives wrong shapes itself, to see them refused as a user's are."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)
