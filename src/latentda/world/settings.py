"""What a world says of itself in its ``world.yaml``: everything that no array holds, each entry with its default.

.. code-block:: yaml

    name: embedded
    interval_hours: 12          # between analyses
    variables: [u, v, t, q, sp] # of the state; by default every known one that a store holds
    levels: []                  # of those on levels; by default every one that a store holds
    model:                      # the forecast model: embedded, persistence, surrogate, or your own, such as torch:...
      kind: embedded
    imperfect_model:            # what assimilates in a fraternal twin; none: there are identical twins only
      kind: embedded
      options: {imperfect: true}
    model_error: 0.04           # variance of what the model errs in 12 h, over that of the background error
    code:
      band_limit: true          # decoded states keep the wavenumbers that the model keeps
      divergent_wind: true      # decoded increments get the divergent wind that belongs to them
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict

from latentda.settings import read_yaml, validated

WORLD_FILE = "world.yaml"


@dataclass(frozen=True)
class ModelSettings:
    """How a forecast model is made.

    Attributes:
        kind: which one, see :mod:`latentda.world.models`.
        options: keyword arguments of what makes it.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CodeSettings:
    """What follows the decoder.

    Attributes:
        band_limit: decoded states keep the wavenumbers that a spectral model keeps.
        divergent_wind: decoded increments get the divergent wind that belongs to them; its file is needed then.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    band_limit: bool = False
    divergent_wind: bool = False


@dataclass(frozen=True)
class WorldSettings:
    """All of ``world.yaml``.

    Attributes:
        name: of the world, in results.
        interval_hours: between analyses.
        variables: short names of the state's; none: every known one that a store holds.
        levels: of those on levels; none: every one that a store holds.
        model: the forecast model, where there is one.
        imperfect_model: what assimilates in a fraternal twin experiment.
        model_error: variance of what the model errs in 12 h from a true state, over that of the background error.
        code: what follows the decoder.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str
    interval_hours: int = 6
    variables: tuple[str, ...] = ()
    levels: tuple[float, ...] = ()
    model: ModelSettings | None = None
    imperfect_model: ModelSettings | None = None
    model_error: float = 0.04
    code: CodeSettings = CodeSettings()


def read_world_settings(path: str | Path) -> WorldSettings:
    """The settings of a ``world.yaml``.

    Raises:
        UserError: no such file, no YAML, or an entry that is wrong; the sentence names it.
    """
    return validated(WorldSettings, read_yaml(path, "the settings of a world"), f"{path} does not describe a world")
