"""Background-error factors of experiments as a YAML file: a section an experiment, a number a method.

fraternal-sonde:
  3dvar: 1.92
  latent_3dvar: 2.35
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml
from pydantic import PositiveFloat

from latentda.experiments.twin.catalogue import ExperimentSetUp
from latentda.files import write_text
from latentda.runs.lock import only_writer
from latentda.settings import read_yaml, validated
from latentda.user_error import UserError

_Factors = dict[str, dict[str, PositiveFloat]]


def read_factors(path: Path) -> dict[str, dict[str, float]]:
    """Factors by experiment and method.

    Raises:
        UserError: the file is missing or something else.
    """
    content = read_yaml(path, "a file of background-error factors") or {}
    return validated(_Factors, content, f"{path} is no file of background-error factors")


def write_factors(path: Path, experiment: str, factors: Mapping[str, float]) -> None:
    """Put an experiment's factors into a file, new or not, beside what it already holds; whole or not at all."""
    with only_writer(path):
        held = read_factors(path) if path.exists() else {}
        held[experiment] = held.get(experiment, {}) | {m: round(float(f), 4) for m, f in factors.items()}
        write_text(path, yaml.safe_dump(held, sort_keys=True))


def with_factors(setup: ExperimentSetUp, path: Path) -> ExperimentSetUp:
    """A set-up with the factors that a file has for it.

    Raises:
        UserError: the file has none for this experiment.
    """
    held = read_factors(path)
    if setup.name not in held:
        raise UserError(f"{path} holds no factors of {setup.name}; it holds those of {', '.join(held) or 'nothing'}.")
    return replace(setup, background_factors={**setup.background_factors, **held[setup.name]})
