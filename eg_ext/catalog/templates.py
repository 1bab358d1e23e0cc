"""Templates in the catalog: ``{name}`` stands for a value, and nothing else is expanded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .problems import did_you_mean, nearest

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def check_template(template: str, known: Iterable[str]) -> str:
    """What is wrong with a template, as one or two sentences; empty if nothing is."""
    names = list(known)
    for name in _PLACEHOLDER.findall(template):
        if name not in names:
            hint = did_you_mean([f"{{{each}}}" for each in nearest(name, names)])
            known_text = ", ".join(f"{{{each}}}" for each in names)
            return f"{{{name}}} is not known here. {hint or f'Known: {known_text}.'}"
    if set("{}") & set(_PLACEHOLDER.sub("", template)):
        return "a brace has no partner"
    return ""


def expand(template: str, values: Mapping[str, str]) -> str:
    """The template with every ``{name}`` replaced; values are not expanded again.

    Raises KeyError for a name that ``values`` lacks: :func:`check_template` comes first.
    """
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)
