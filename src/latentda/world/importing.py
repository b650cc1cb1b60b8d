"""Objects by ``module:name``, from what is installed or lies in the current folder."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from latentda.user_error import UserError


def imported(target: str, named: str) -> Any:
    """What ``module:name`` stands for.

    Args:
        target: module and name.
        named: what wants it, for the sentence.

    Raises:
        UserError: it is not written so, the module cannot be imported, or has no such name.
    """
    module, _, name = target.partition(":")
    if not module or not name:
        raise UserError(f"{named} is not written like module:name.")
    if os.getcwd() not in sys.path:  # a command's own folder is not searched, and models lie where people work
        sys.path.append(os.getcwd())
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        where = f" nor in {os.getcwd()}" if error.name == module else ""
        raise UserError(f"{named} cannot be imported: {error}{where}.") from error
    except AttributeError as error:
        raise UserError(f"{named} cannot be imported: {module} has no {name}.") from error
    except Exception as error:
        raise UserError(f"{named} cannot be imported: {type(error).__name__}: {error}.") from error
