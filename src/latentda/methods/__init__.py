"""The methods by name, each one declaration."""

from latentda.methods.catalogue import METHODS, find_method, require_methods
from latentda.methods.digest import method_digest
from latentda.methods.method import Method, NoAssimilation, Options, System
from latentda.methods.variational import VariationalSystem

__all__ = [
    "METHODS",
    "Method",
    "NoAssimilation",
    "Options",
    "System",
    "VariationalSystem",
    "find_method",
    "method_digest",
    "require_methods",
]
