"""What is wrong with a catalog or a kernelspec, said so that its author can repair it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake in one place.

    ``line`` and ``column`` count from 1; 0 where the place is not known (a
    kernelspec that was handed over as a mapping).  ``hint`` is a sentence with the
    likely repair, or empty.  A ``warning`` may be right after all.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        label = "warning: " if self.warning else ""
        return f"{place}: {label}{self.message}" + (f". {self.hint}" if self.hint else "")


class CatalogError(Exception):
    """A catalog or a kernelspec cannot be used; :attr:`problems` says why, all at once.

    Among them may be warnings, which alone would not be in the way.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = sorted(
            set(problems), key=lambda each: (each.file, each.line, each.column, each.message)
        )
        super().__init__("\n".join(str(each) for each in self.problems))


def nearest(word: str, known: Iterable[str], count: int = 1, cutoff: float = 0.6) -> list[str]:
    """Up to ``count`` of the ``known`` words that resemble ``word``, the likeliest first.

    Case, underscores and hyphens do not count, so that ``node_selector`` finds ``nodeSelector``.

    >>> nearest("node_selector", ["nodeName", "nodeSelector"])
    ['nodeSelector']
    """
    by_plain: dict[str, str] = {}
    for each in known:
        by_plain.setdefault(plain(each), each)
    found = difflib.get_close_matches(plain(word), by_plain, n=count, cutoff=cutoff)
    return [by_plain[each] for each in found]


def plain(word: str) -> str:
    """A word without what people mix up in field names: case, underscores, hyphens."""
    return word.lower().replace("_", "").replace("-", "")


def did_you_mean(words: Sequence[str]) -> str:
    """The sentence for :func:`nearest`'s words; empty if there are none."""
    if not words:
        return ""
    return f"Did you mean {' or '.join(repr(each) for each in words)}?"
