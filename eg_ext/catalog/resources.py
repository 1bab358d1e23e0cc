"""What Kubernetes and common sense say about ``resources``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from .findings import Finding
from .problems import did_you_mean, nearest
from .quantities import parse_quantity
from .source import Path

_NATIVE = ("cpu", "memory", "ephemeral-storage")
_BYTES = ("memory", "ephemeral-storage")
_SUGGESTED = (*_NATIVE, "nvidia.com/gpu", "amd.com/gpu")


def is_extended(name: str) -> bool:
    """Whether a resource comes from a device plugin, such as ``nvidia.com/gpu``.

    Those have a domain that is not Kubernetes' own, and are whole things that
    containers never share.
    """
    domain, slash, _ = name.rpartition("/")
    return bool(slash) and domain != "kubernetes.io" and not domain.endswith(".kubernetes.io")


def check_resources(resources: Mapping[str, Any], path: Path = ()) -> Iterator[Finding]:
    """What is wrong with a ``resources`` block, counted from ``path``.

    A quantity that cannot be read is passed over: the check of types reports it.
    """
    requests = _amounts(resources.get("requests"))
    limits = _amounts(resources.get("limits"))
    for block, amounts in (("requests", requests), ("limits", limits)):
        for name, (amount, text) in amounts.items():
            yield from _check_amount(name, amount, text, (*path, block, name))
    for name, (request, text) in requests.items():
        place = (*path, "requests", name)
        limit = limits.get(name)
        if limit is not None and request > limit[0]:
            yield Finding(place, f"requests {text}, which is more than the limit of {limit[1]}")
        elif _is_never_shared(name):
            if limit is None:
                hint = f"Write it below limits: the request is then {text} too."
                yield Finding(place, f"{name} has a request but no limit", hint)
            elif request != limit[0]:
                message = f"{name} cannot be shared: request {text} and limit {limit[1]} differ"
                yield Finding(place, message)


def _amounts(block: Any) -> dict[str, tuple[Decimal, str]]:
    """The readable quantities of one block: their value, and how they are written."""
    amounts: dict[str, tuple[Decimal, str]] = {}
    for name, value in block.items() if isinstance(block, Mapping) else ():
        try:
            amounts[str(name)] = parse_quantity(value), str(value)
        except ValueError:
            continue
    return amounts


def _check_amount(name: str, amount: Decimal, text: str, path: Path) -> Iterator[Finding]:
    if "/" not in name and name not in _NATIVE and not name.startswith("hugepages-"):
        words = ["nvidia.com/gpu"] if "gpu" in name.lower() else nearest(name, _SUGGESTED)
        message = f"the resource {name!r} is not known: only a device's name has a domain"
        yield Finding(path, message, did_you_mean(words), at_key=True)
    elif amount < 0:
        yield Finding(path, f"{text} is negative")
    elif amount % 1 and is_extended(name):
        yield Finding(path, f"{name} is counted in whole things, not {text}")
    elif amount % 1 and name in _BYTES:
        message = f"{name} is counted in bytes, and {text} is a fraction of one"
        hint = did_you_mean([text[:-1] + "Mi"]) if text.endswith("m") else ""
        yield Finding(path, message, hint)


def _is_never_shared(name: str) -> bool:
    return is_extended(name) or name.startswith("hugepages-")
