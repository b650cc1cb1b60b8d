"""Roles of docstrings, such as ``:func:`~latentda.observations.raise_errors```, as links of the site.

A name that the site shows becomes a link, any other plain code.
"""

import re
from typing import Any

from griffe import Extension, Object

ROLE = re.compile(r":(?:mod|class|func|meth|attr|data|py:\w+):`(~?)([\w.]+)`")


class SphinxRoles(Extension):
    """Rewrites the roles in every docstring."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        """Rewrite those of one object."""
        if obj.docstring:
            obj.docstring.value = ROLE.sub(lambda role: _link(role, obj), obj.docstring.value)


def _link(role: re.Match[str], obj: Object) -> str:
    short, name = role[1], role[2]
    shown = name.rsplit(".", 1)[-1] if short else name
    full = name if name.startswith("latentda.") else f"{(obj if obj.is_class else obj.parent or obj).path}.{name}"
    return f'<autoref identifier="{full}" optional><code>{shown}</code></autoref>'
