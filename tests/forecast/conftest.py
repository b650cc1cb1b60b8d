import pytest

from latentda.forecast import initial_fields, jcm_model


@pytest.fixture(scope="session")
def world():
    """The embedded world: built once, since compiling it takes most of the time of these tests."""
    pytest.importorskip("jcm")
    return jcm_model()


@pytest.fixture(scope="session")
def initial(world):
    """The spun-up state in the package and its date."""
    return initial_fields(world)
