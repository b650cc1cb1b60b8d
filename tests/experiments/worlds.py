"""A cycled experiment in a world that stands still: seconds instead of hours."""

import jax
import jax.numpy as jnp
import numpy as np

from latentda.assimilation import Lbfgs, Variational
from latentda.cycling import Cycler
from latentda.experiments.twin.catalogue import ExperimentSetUp
from latentda.experiments.twin.truth import Truth
from latentda.fields import write_standardizer
from latentda.forecast import Persistence
from latentda.networks import AutoencoderSettings, LinearPatchCode, PatchAutoencoder, write_autoencoder
from latentda.operators import Diagonal
from latentda.priors import ModelSpacePrior, write_background_error
from latentda.world import WorldFolder
from tests.cycling.conftest import LAYOUT, places, small_intake, standardizer
from tests.worlds import states_of, table_of

FIRST = 262_800
SETUP = ExperimentSetUp(
    "still", "sparse", scored_days=2, spinup_days=1, forecast_days=1, forecast_every_days=1, background_days=0
)
SETTINGS = """
name: still
interval_hours: 12
model: {kind: MODEL}
imperfect_model: {kind: MODEL}
"""


class StillModel(Persistence):
    """Nothing changes, over flat ground."""

    @property
    def surface_geopotential(self):
        return np.zeros(self.layout.grid.shape, np.float32)


def still_model(world):
    return StillModel(world.layout)


def untrained_code(layout, seed=0):
    """An autoencoder of few numbers that nobody has trained."""
    settings = AutoencoderSettings(patch=4, latent=6, width=8, heads=2, blocks=1, mlp_ratio=2)
    features = layout.shape[0] * settings.patch**2
    components = np.linalg.qr(np.random.default_rng(seed).normal(size=(features, settings.latent)))[0]
    start = LinearPatchCode(
        jnp.asarray(components, jnp.float32), jnp.ones(settings.latent), settings.patch, layout.shape
    )
    return PatchAutoencoder(start, settings, jax.random.key(seed))


def write_world(folder, scales, model=f"{__name__}:still_model"):
    """A world on disk that knows its climate and its model, and nothing of errors."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "world.yaml").write_text(SETTINGS.replace("MODEL", model))
    write_standardizer(scales, folder / "standardizer.safetensors")
    return WorldFolder(folder)


def still_world(folder):
    """A world on disk that stands still, with all that methods of the catalogue read."""
    world = write_world(folder, standardizer())
    code = untrained_code(LAYOUT)
    write_autoencoder(code, world.file("autoencoder"))
    for name, shape in (("model", LAYOUT.shape), ("latent", code.latent_shape), ("latent_diagonal", code.latent_shape)):
        write_background_error(Diagonal(jnp.ones(shape)), world.file(name))
    return world


def still_truth():
    hours = FIRST + 12 * np.arange(20)
    return Truth(hours, np.repeat(states_of(LAYOUT, 2)[:1], hours.size, axis=0))


def still_background():
    return states_of(LAYOUT, 2)[1]


def still_observe(hours):
    names, columns = places(hours)
    exact = small_intake().equivalents(table_of(names, **columns), still_truth().at(hours))
    noise = np.random.default_rng([1, hours]).normal(size=exact.size)
    return table_of(names, observation=exact + noise * columns["error"], **columns)


def still_cycler(spread=1.0):
    prior = ModelSpacePrior(Diagonal(spread * jnp.ones(LAYOUT.shape)))
    return Cycler(Persistence(LAYOUT), small_intake(), Variational(prior, standardizer(), minimiser=Lbfgs(15)))
