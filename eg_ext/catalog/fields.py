"""Which fields Kubernetes knows: names, types and merge keys of Container and PodSpec.

Read from ``fields.json``, which ``tools/kubernetes_fields.py`` makes from the API
server's own OpenAPI document.  A *kind* is one of Kubernetes' types (``Container``,
``EnvVar``); a field's type is a scalar (``string``, ``integer``, ``number``,
``boolean``, ``Quantity``, ``IntOrString``, ``any``), a kind, ``[T]`` for a list of T,
or ``{T}`` for a map from text to T.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

CONTAINER = "Container"
POD_SPEC = "PodSpec"


@dataclass(frozen=True)
class ListRule:
    """How two lists in the same field become one.

    ``keys`` identify an element; an element without one of them counts as having
    ``defaults``' value for it.  With ``whole`` an element replaces the one it meets;
    otherwise the two are merged.
    """

    keys: tuple[str, ...]
    defaults: Mapping[str, str]
    whole: bool = False


# Kubernetes replaces tolerations as one list.  A kernelspec that tolerates a GPU and a
# profile that tolerates spot nodes mean both, so that they are collected here.
_TOLERATION_KEYS = ("key", "operator", "value", "effect")

_DEFAULTS = {"protocol": "TCP", "operator": "Equal", "key": "", "value": "", "effect": ""}


@dataclass(frozen=True)
class _Table:
    kubernetes: str
    kinds: Mapping[str, Mapping[str, str]]
    merge_keys: Mapping[str, Mapping[str, list[str]]]
    retain_keys: Mapping[str, list[str]]
    enums: Mapping[str, Mapping[str, list[str]]]


@lru_cache(maxsize=1)
def _table() -> _Table:
    text = files("eg_ext.catalog").joinpath("fields.json").read_text(encoding="utf8")
    return _Table(**json.loads(text))


def kubernetes_version() -> str:
    """The version of Kubernetes whose fields are known, such as ``1.36``."""
    return _table().kubernetes


def fields_of(kind: str) -> Mapping[str, str]:
    """The fields of a kind and their types; empty for what is no kind."""
    return _table().kinds.get(kind, {})


def values_of(kind: str, field: str) -> list[str]:
    """The values that a text field takes; empty where it takes any."""
    return _table().enums.get(kind, {}).get(field, [])


def kinds() -> list[str]:
    """All kinds below Container and PodSpec, in alphabetical order."""
    return sorted(_table().kinds)


@lru_cache(maxsize=256)
def list_rule(kind: str, field: str) -> ListRule | None:
    """How lists in ``kind.field`` merge; None for a list that is replaced as one."""
    if (kind, field) == (POD_SPEC, "tolerations"):
        return ListRule(_TOLERATION_KEYS, _DEFAULTS)
    keys = _table().merge_keys.get(kind, {}).get(field)
    if keys is None:
        return None
    retain = _table().retain_keys.get(kind, [])
    # An environment variable is, like a volume, one of several kinds (a value, a Secret's
    # key…): merged field by field, two of them would be both at once, which is invalid.
    whole = field == "env" or field in retain
    return ListRule(tuple(keys), _DEFAULTS, whole)


def element(field_type: str) -> str:
    """The T of ``[T]`` or ``{T}``."""
    return field_type[1:-1]
