"""Fields on disk and in memory: stores, climatology and standardised anomalies, samplers."""

from latentda.fields.batches import RandomBatches, StoredSamples
from latentda.fields.climatology import Climatology, fit_climatology, harmonics_told
from latentda.fields.error import FieldsError
from latentda.fields.forecast_writer import ForecastWriter, forecast_dataset, write_forecasts
from latentda.fields.forecasts import Forecasts, open_forecasts
from latentda.fields.opening import Location
from latentda.fields.sampler import StoreSampler
from latentda.fields.standardizer import (
    Standardizer,
    fit_standardizer,
    read_standardizer,
    unit_standardizer,
    write_standardizer,
)
from latentda.fields.store import layout_of_store, open_store, read_states, values_in_si
from latentda.fields.store_times import hours_of
from latentda.fields.writer import StateWriter, to_dataset, write_netcdf

__all__ = [
    "Climatology",
    "FieldsError",
    "ForecastWriter",
    "Forecasts",
    "Location",
    "RandomBatches",
    "Standardizer",
    "StateWriter",
    "StoreSampler",
    "StoredSamples",
    "fit_climatology",
    "fit_standardizer",
    "forecast_dataset",
    "harmonics_told",
    "hours_of",
    "layout_of_store",
    "open_forecasts",
    "open_store",
    "read_standardizer",
    "read_states",
    "to_dataset",
    "unit_standardizer",
    "values_in_si",
    "write_forecasts",
    "write_netcdf",
    "write_standardizer",
]
