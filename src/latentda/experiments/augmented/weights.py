"""The trained networks of the benchmark: the package's, or a folder's, trained where it lacks them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from latentda.experiments.augmented.learned import NETWORKS, Learned, read_learned, write_learned
from latentda.experiments.augmented.system import DATA, AugmentedLorenz96
from latentda.experiments.augmented.training import Plan, Trainer
from latentda.progress import Track, silent
from latentda.user_error import UserError


def learned_networks(
    names: Sequence[str],
    folder: Path | None,
    system: AugmentedLorenz96,
    track: Track = silent,
    plan: Plan | None = None,
) -> dict[str, Learned]:
    """Latent spaces by name.

    Args:
        names: of :data:`~latentda.experiments.augmented.learned.NETWORKS`.
        folder: where networks are read, or trained into; without it the package's are read.
        system: what is learnt.
        track: shows progress.
        plan: of the training.

    Raises:
        UserError: an unknown name, a name that the package lacks, or a file that cannot be read.
    """
    unknown = [name for name in names if name not in NETWORKS]
    if unknown or not names:
        raise UserError(f"Unknown networks {', '.join(unknown) or 'of no name'}; known are {', '.join(NETWORKS)}.")
    place = folder or DATA
    missing = [name for name in names if not (place / f"{name}.safetensors").is_file()]
    if missing and folder is None:
        raise UserError(
            f"The package has no trained networks {', '.join(missing)}; give a folder to train them into (--weights)."
        )
    if missing:
        trainer = Trainer(system, plan or Plan(), place, track)
        for name in missing:
            learned, about = trainer.learn(name)
            write_learned(learned, name, len(system.scale), place, about)
    return {name: read_learned(name, place) for name in names}
