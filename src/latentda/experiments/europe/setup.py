"""The European experiment as data: periods, networks and their training, methods, what is tuned.

| years | what they are for |
| --- | --- |
| 2000-2006 | training of the surrogate and of the autoencoder, climatology |
| 2007 | the surrogate's errors, from which every background error is estimated; tuning of its size and radius |
| 2008-2010 | verification only |
"""

from __future__ import annotations

from dataclasses import dataclass

from latentda.methods import require_methods
from latentda.networks import AutoencoderSettings, SurrogateSettings
from latentda.training import ObjectiveSettings, RolloutSettings, TrainingSettings
from latentda.user_error import UserError
from latentda.workflows.train_forecast import ForecastLearningSettings

Period = tuple[str, str]
"""First date, and end, exclusive."""

METHODS = ("free_run", "3dvar", "latent_3dvar", "latent_3dvar_diagonal", "latent_3dvar_published")
"""Names as in :mod:`latentda.methods.catalogue`; here every structured background error is localised and dense."""

_NETWORK = SurrogateSettings(patch=3, width=96, heads=4, blocks=2, overlap=1)
_ONE_DAY = RolloutSettings(step_hours=24, steps=1, noise=0.2)
_TWO_DAYS = RolloutSettings(step_hours=24, steps=2, noise=0.2)


@dataclass(frozen=True)
class EuropeSetUp:
    """The experiment.

    Attributes:
        methods: names from :data:`METHODS`.
        training: period to learn from.
        errors: period of the forecast errors behind the background errors.
        tuning: period of the cycles in which radius and factor are chosen, within ``errors``, whose other days then
            give the covariance.
        verification: period of the scores of the networks.
        cycling: scored days of the cycles with simulated observations.
        case: analysis time of the real radiosondes.
        spinup_days: cycles before the scored ones; the first background is climatology.
        leads: of the verified forecasts (h).
        radii_km: localisation radii tried.
        factors: on the background error's variances, tried.
        observation_seeds: of the simulated observations' errors.
        withheld: share of the real stations kept back.
        withholding_seeds: draws of those stations.
        surrogate: stages of the forecast network's training, each going on from the one before.
        code: shape of the autoencoder.
        objective: of the autoencoder.
        code_training: its training.
    """

    name: str = "europe"
    methods: tuple[str, ...] = METHODS
    training: Period = ("2000-01-01", "2007-01-01")
    errors: Period = ("2007-01-01", "2008-01-01")
    tuning: Period = ("2007-10-01", "2008-01-01")
    verification: Period = ("2008-01-01", "2011-01-01")
    cycling: Period = ("2009-01-01", "2010-01-01")
    case: str = "2008-12-08T12"
    spinup_days: int = 10
    leads: tuple[int, ...] = (24, 48, 72)
    radii_km: tuple[float, ...] = (3000.0, 4500.0, 6000.0, 9000.0)
    factors: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0)
    observation_seeds: tuple[int, ...] = (0, 1, 2)
    withheld: float = 0.2
    withholding_seeds: int = 20
    surrogate: tuple[ForecastLearningSettings, ...] = (
        ForecastLearningSettings(_NETWORK, _ONE_DAY, TrainingSettings(1200, 32, 2e-3, 0.1, checkpoint_every=100)),
        ForecastLearningSettings(_NETWORK, _TWO_DAYS, TrainingSettings(250, 32, 5e-4, 0.1, checkpoint_every=100)),
    )
    code: AutoencoderSettings = AutoencoderSettings(patch=3, latent=9, width=96, heads=4, blocks=1, overlap=1)
    objective: ObjectiveSettings = ObjectiveSettings(lag_hours=24)
    code_training: TrainingSettings = TrainingSettings(steps=600, batch_size=32, checkpoint_every=100)

    def __post_init__(self) -> None:
        require_methods(self.methods)
        strange = set(self.methods) - set(METHODS)
        if strange:
            raise UserError(f"Over Europe there is no {', '.join(sorted(strange))}; there are {', '.join(METHODS)}.")
