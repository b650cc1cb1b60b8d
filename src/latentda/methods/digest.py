"""What a method's results depend on: ``world.yaml`` and the files that it read of a world, told by their content."""

from __future__ import annotations

from latentda.files import files_digest
from latentda.forecast import Persistence
from latentda.methods.catalogue import find_method
from latentda.methods.method import Options
from latentda.world import WorldFolder, screening_prior


def method_digest(name: str, world: WorldFolder) -> str:
    """A digest of what a method and the screening of its data read: its results hold as long as it is the same.

    Raises:
        UserError: the world lacks one of the files; the message says how to make it.
    """
    fresh = WorldFolder(world.folder, world.errors)
    screening_prior(fresh)
    find_method(name).build(fresh, Options(model=Persistence(fresh.layout)))
    return files_digest(fresh.files_read)
