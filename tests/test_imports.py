"""What imports cost, told by what they load; no time is measured."""

import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import pytest

import latentda

ROOMS = [f"latentda.{room.name}" for room in iter_modules(latentda.__path__) if room.ispkg]


def loaded(statement, *packages):
    """Those of the packages that a fresh process has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*(name for name in {packages!r} if name in sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return found.stdout.split()


@pytest.mark.parametrize(
    "statement",
    [
        "from latentda.observations import read_observations, read_quality_control",
        "from latentda.observations.inventory import inventory",
        "from latentda.verification.feedback_summary import summarise",
    ],
)
def test_reading_observations_and_feedback_needs_no_jax(statement):
    assert loaded(statement, "jax", "equinox", "pandas", "matplotlib", "xarray", "zarr") == []


def test_help_needs_no_arrays():
    assert loaded("import latentda.cli.app", "numpy", "jax", "pyarrow", "pydantic") == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_of_a_room_is_there_and_no_module(room):
    face = import_module(room)
    modules = [module.name for module in iter_modules(face.__path__)]
    for module in modules:
        import_module(f"{room}.{module}")
    for name in getattr(face, "__all__", []):
        assert not (name in modules and getattr(face, name) is sys.modules[f"{room}.{name}"])
    with pytest.raises(AttributeError, match="no attribute 'nothing_like_this'"):
        _ = face.nothing_like_this
