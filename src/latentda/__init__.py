"""latentda: data assimilation of the global atmosphere in a learned latent space.

``World`` is the folder of a world, ``create_world`` makes one, ``assimilate`` an analysis in it, ``cycle`` many.
"""

from latentda.lazy import lazy_names
from latentda.user_error import UserError

__version__ = "0.1.0"

__all__ = ["UserError", "World", "__version__", "assimilate", "create_world", "cycle"]

__getattr__ = lazy_names(
    __name__,
    {
        "World": "world:WorldFolder",
        "assimilate": "workflows.assimilate",
        "create_world": "workflows.create_world",
        "cycle": "workflows.cycle",
    },
)
