"""A world as data: layout, climatology, code, background errors and a model, in a folder."""

from latentda.world.folder import Errors, WorldFolder, embedded_world, shipped_folder
from latentda.world.models import build_model, model_settings
from latentda.world.screening import screening_prior, world_intake
from latentda.world.settings import CodeSettings, ModelSettings, WorldSettings, read_world_settings
from latentda.world.world import World

__all__ = [
    "CodeSettings",
    "Errors",
    "ModelSettings",
    "World",
    "WorldFolder",
    "WorldSettings",
    "build_model",
    "embedded_world",
    "model_settings",
    "read_world_settings",
    "screening_prior",
    "shipped_folder",
    "world_intake",
]
