"""Durations as the catalog writes them: ``30s``, ``10m``, ``2h``, or a number of seconds."""

from __future__ import annotations

import math
import re

_DURATION = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>[smh]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
_LONGEST = 365 * 24 * 3600


def parse_duration(value: object) -> float:
    """Seconds, more than 0 and at most a year; raises ValueError for anything else.

    >>> parse_duration("10m")
    600.0
    """
    found = None
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        found = _DURATION.fullmatch(str(value))
    if found is None:
        shown = "nothing" if value is None else repr(value)
        raise ValueError(f"{shown} is not a duration such as 30s, 10m, 2h or a number of seconds")
    seconds = float(found["number"]) * _SECONDS[found["unit"]]
    if not math.isfinite(seconds) or not 0 < seconds <= _LONGEST:
        raise ValueError(f"{value!r} is out of range: more than 0 and at most a year is possible")
    return seconds
