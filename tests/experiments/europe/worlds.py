"""A small Europe: smooth anomalies that fade and drift, a few of the real stations, a short calendar."""

import numpy as np
import xarray as xr

from latentda.experiments.europe.data import CHANNELS
from latentda.experiments.europe.setup import EuropeSetUp
from latentda.networks import AutoencoderSettings, SurrogateSettings
from latentda.observations import radiosonde_network, table_from_columns, write_table
from latentda.training import RolloutSettings, TrainingSettings
from latentda.workflows.train_forecast import ForecastLearningSettings

LATITUDE = np.arange(56.0, 43.0, -2.0)
LONGITUDE = np.arange(-5.0, 11.0, 2.5)
MEAN = {"z500": 5.4e4, "t850": 275.0, "msl": 1.01e5}
SPREAD = {"z500": 1000.0, "t850": 4.0, "msl": 900.0}
CASE = "2001-06-08T12"


def small_setup(**changes):
    network = SurrogateSettings(patch=3, width=16, heads=2, blocks=1)
    training = TrainingSettings(steps=40, batch_size=8, learning_rate=3e-3)
    settings = {
        "methods": ("free_run", "3dvar", "latent_3dvar"),
        "training": ("2000-01-01", "2001-01-01"),
        "errors": ("2001-01-01", "2001-05-01"),
        "tuning": ("2001-04-10", "2001-05-01"),
        "verification": ("2001-05-01", "2001-08-01"),
        "cycling": ("2001-07-01", "2001-07-15"),
        "case": CASE,
        "spinup_days": 3,
        "leads": (24, 48),
        "radii_km": (2000.0,),
        "factors": (0.5, 1.0),
        "observation_seeds": (0,),
        "withholding_seeds": 4,
        "surrogate": tuple(
            ForecastLearningSettings(network, RolloutSettings(24, steps, noise=0.1), training) for steps in (1, 2)
        ),
        "code": AutoencoderSettings(patch=3, latent=8, width=16, heads=2, blocks=0),
        "code_training": training,
    }
    return EuropeSetUp(**{**settings, **changes})


def weather(days=610, seed=0):
    """``(time, channel, lat, lon)``: one smooth pattern a day, drawn with memory, shared by the channels in part."""
    random = np.random.default_rng(seed)
    shape = (days, 1, LATITUDE.size, LONGITUDE.size)
    noise = random.normal(size=shape) + 0.5 * random.normal(size=(days, 3, *shape[2:]))
    for axis in (2, 3):
        for _ in range(2):
            noise = noise + np.roll(noise, 1, axis) + np.roll(noise, -1, axis)
    noise /= noise.std()
    states = noise.copy()
    for day in range(1, days):
        states[day] = 0.6 * states[day - 1] + 0.8 * noise[day]
    return states.astype(np.float32)


def small_dataset():
    states = weather()
    times = np.datetime64("2000-01-01T12:00", "ns") + np.arange(len(states)) * np.timedelta64(1, "D")
    season = np.cos(2 * np.pi * np.arange(len(states)) / 365.2425)[:, None, None]
    fields = {
        name: (("time", "latitude", "longitude"), MEAN[name] + SPREAD[name] * (states[:, i] + 2.0 * season))
        for i, name in enumerate(CHANNELS)
    }
    return xr.Dataset(fields, {"time": times, "latitude": LATITUDE, "longitude": LONGITUDE})


def small_reports(dataset, path):
    """Reports of the region's real stations on the state's levels and on one between, taken from the truth."""
    places = radiosonde_network((500.0, 600.0, 850.0), ("z", "t"))
    inside = (places.lat < 55.0) & (places.lat > 45.0) & ((places.lon < 9.0) | (places.lon > 356.0))
    fields = dataset.sel(time=CASE)
    longitude = (places.lon + 180.0) % 360.0 - 180.0
    names = np.where(places.variable == "z", "z500", "t850")
    values = [
        float(fields[name].interp(latitude=lat, longitude=lon))
        for name, lat, lon in zip(names[inside], places.lat[inside], longitude[inside], strict=True)
    ]
    columns = {
        "time": np.full(inside.sum(), np.datetime64(CASE, "ns")),
        "lat": places.lat[inside],
        "lon": places.lon[inside],
        "elev": places.elev[inside],
        "pres": places.pres[inside],
        "observation": np.asarray(values),
        "variable": places.variable[inside],
        "station": places.station[inside],
        "class": np.full(inside.sum(), "ADPUPA", object),
    }
    write_table(table_from_columns(columns), path)
    return path
