"""The methods by name: one line declares one.

Colours: Okabe & Ito (2008), which people with any colour vision tell apart, and shades of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from latentda.methods.ensemble import EnsembleVariationalSystem, FilterSystem
from latentda.methods.method import Method
from latentda.methods.variational import (
    ErringModel,
    PerfectModel,
    VariationalSystem,
    latent,
    latent_and_remainder,
    latent_diagonal,
    model_space,
    model_space_zonal,
    published,
)
from latentda.user_error import UserError

_PERFECT, _ERRING, _LEARNED = PerfectModel(), ErringModel(), PerfectModel(learned=True)
_LAGGED = EnsembleVariationalSystem(latent=True, members=9, filtered=False)

_DECLARED = (
    Method("free_run", "no assimilation", "#8a919a"),
    Method("3dvar", "3D-Var", "#0072b2", VariationalSystem(model_space)),
    Method("3dvar_zonal", "3D-Var, zonal-block B", "#56b4e9", VariationalSystem(model_space_zonal)),
    Method("latent_3dvar", "latent 3D-Var", "#d55e00", VariationalSystem(latent)),
    Method("hybrid_3dvar", "latent + remainder 3D-Var", "#8f7fd6", VariationalSystem(latent_and_remainder)),
    Method("latent_3dvar_diagonal", "latent 3D-Var, diagonal B", "#c9a400", VariationalSystem(latent_diagonal)),
    Method("latent_3dvar_published", "latent 3D-Var, as published", "#f0a15e", VariationalSystem(published)),
    Method("4dvar", "4D-Var", "#004466", VariationalSystem(model_space, _PERFECT)),
    Method("latent_4dvar", "latent 4D-Var", "#8c2d04", VariationalSystem(latent, _PERFECT)),
    Method("hybrid_4dvar", "latent + remainder 4D-Var", "#5b3f99", VariationalSystem(latent_and_remainder, _PERFECT)),
    Method("weak_4dvar", "weak-constraint 4D-Var", "#009e73", VariationalSystem(model_space, _ERRING)),
    Method("latent_weak_4dvar", "latent weak-constraint 4D-Var", "#cc79a7", VariationalSystem(latent, _ERRING)),
    Method("latent_4dvar_learned", "latent 4D-Var, learned model", "#a0447a", VariationalSystem(latent, _LEARNED)),
    Method("letkf", "LETKF, 20 members", "#b8860b", FilterSystem()),
    Method("letkf_40", "LETKF, 40 members", "#6b4f00", FilterSystem(40)),
    Method("envar_hybrid", "hybrid EnVar", "#7a9a01", EnsembleVariationalSystem(latent=False)),
    Method("4denvar_hybrid", "hybrid 4DEnVar", "#4b5d00", EnsembleVariationalSystem(latent=False, four_d=True)),
    Method("latent_envar", "latent hybrid EnVar", "#e7298a", EnsembleVariationalSystem(latent=True)),
    Method("latent_4denvar", "latent hybrid 4DEnVar", "#99004d", EnsembleVariationalSystem(latent=True, four_d=True)),
    Method("latent_lagged", "latent 3D-Var, lagged members", "#ff6f91", _LAGGED),
)

METHODS: dict[str, Method] = {method.name: method for method in _DECLARED}
"""Methods by name."""


def find_method(name: str) -> Method:
    """The method of a name.

    Raises:
        UserError: unknown name, with the known ones listed.
    """
    require_methods([name])
    return METHODS[name]


def require_methods(names: Sequence[str]) -> None:
    """Check names before anything long starts.

    Raises:
        UserError: unknown name, or no name, with the known ones listed.
    """
    unknown = [name for name in names if name not in METHODS]
    if unknown or not names:
        raise UserError(f"Unknown method {', '.join(unknown) or '(none)'}; there are {', '.join(METHODS)}.")
