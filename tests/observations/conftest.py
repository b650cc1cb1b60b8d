from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from latentda.observations import read_prepbufr, table_from_columns

ANALYSIS_TIME = np.datetime64("1989-01-01T12:00", "ns")


@pytest.fixture(scope="session")
def shipped_cycle():
    return Path(str(files("latentda.observations"))) / "data" / "prepbufr_1989010112.gz"


@pytest.fixture(scope="session")
def cycle_1989(shipped_cycle):
    return read_prepbufr(shipped_cycle)


@pytest.fixture
def columns_of():
    """Columns of a small table: three stations, temperature and wind at 850 and 500 hPa."""

    def build(**changes):
        station, pressure, variable = (
            axis.reshape(-1) for axis in np.meshgrid(["A", "B", "C"], [85000.0, 50000.0], ["t", "u"], indexing="ij")
        )
        latitude = np.select([station == "A", station == "B"], [-60.0, 0.0], 60.0)
        columns = {
            "time": np.full(12, ANALYSIS_TIME),
            "lat": latitude,
            "lon": latitude + 100.0,
            "elev": np.full(12, 10.0),
            "pres": pressure,
            "observation": np.where(variable == "t", 270.0, 5.0),
            "variable": variable.astype(object),
            "class": np.full(12, "ADPUPA", dtype=object),
            "station": station.astype(object),
            "error": np.ones(12),
        }
        return columns | changes

    return build


@pytest.fixture
def small_table(columns_of):
    return table_from_columns(columns_of())
