"""What a check of a partial object finds, before it is known in which file that stands."""

from __future__ import annotations

from dataclasses import dataclass

from .source import Path


@dataclass(frozen=True)
class Finding:
    """A mistake at ``path``, counted from the object that was checked.

    ``at_key`` says that the key is wrong rather than its value; a ``warning`` may be
    right after all.
    """

    path: Path
    message: str
    hint: str = ""
    at_key: bool = False
    warning: bool = False
