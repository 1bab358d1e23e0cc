"""Checks a partial Container or PodSpec against the fields that Kubernetes knows.

A field, or one of a field's fixed values, that the table lacks may be a mistake or may
be newer than the table.  Where it is within two letters of a known one, or belongs to
the other block, it is a mistake.  Where it resembles nothing it is passed on to
Kubernetes, with a warning, so that what Kubernetes adds tomorrow can be used tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .complaints import type_name
from .fields import (
    CONTAINER,
    POD_SPEC,
    element,
    fields_of,
    kubernetes_version,
    list_rule,
    values_of,
)
from .findings import Finding
from .merging import PATCH
from .problems import did_you_mean, plain
from .quantities import parse_quantity
from .reserved import check_reserved
from .resources import check_resources
from .source import Path

KIND_OF_BLOCK = {"kernel": CONTAINER, "pod": POD_SPEC}

_PASSED_ON = "It is passed on as it is."

_SCALARS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "text"),
    "boolean": ((bool,), "true or false"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "IntOrString": ((int, str), "a whole number or text"),
}


def check_partial(partial: Mapping[str, Any], block: str) -> Iterator[Finding]:
    """All that is wrong with what stands below ``kernel:`` or ``pod:``."""
    yield from check_reserved(partial, block)
    yield from _check_mapping(partial, KIND_OF_BLOCK[block], ())


def _check_value(value: Any, field_type: str, path: Path) -> Iterator[Finding]:
    if value is None or field_type == "any":
        return
    if field_type in _SCALARS:
        yield from _check_scalar(value, field_type, path)
    elif field_type == "Quantity":
        yield from _check_quantity(value, path)
    elif field_type.startswith("{"):
        yield from _check_map(value, element(field_type), path)
    elif not isinstance(value, Mapping):
        yield Finding(path, f"expected a mapping, got {type_name(value)}")
    else:
        yield from _check_mapping(value, field_type, path)


def _check_scalar(value: Any, field_type: str, path: Path) -> Iterator[Finding]:
    types, expected = _SCALARS[field_type]
    right = isinstance(value, types) and (field_type == "boolean" or not isinstance(value, bool))
    if not right:
        hint = ""
        if field_type == "string" and not isinstance(value, (Mapping, list)):
            hint = "Put it into quotes."
        elif field_type in ("integer", "number", "boolean") and isinstance(value, str):
            hint = "Write it without quotes."
        yield Finding(path, f"expected {expected}, got {type_name(value)}", hint)


def _check_quantity(value: Any, path: Path) -> Iterator[Finding]:
    try:
        parse_quantity(value)
    except ValueError as error:
        yield Finding(path, str(error))


def _check_map(value: Any, value_type: str, path: Path) -> Iterator[Finding]:
    if not isinstance(value, Mapping):
        yield Finding(path, f"expected a mapping, got {type_name(value)}")
        return
    for key, each in value.items():
        if key != PATCH:
            yield from _check_value(each, value_type, (*path, key))


def _check_mapping(value: Mapping[str, Any], kind: str, path: Path) -> Iterator[Finding]:
    types = fields_of(kind)
    for field, each in value.items():
        below = (*path, field)
        if field == PATCH:
            yield from _check_directive(each, below)
        elif field not in types:
            yield _unknown_field(field, kind, below)
        elif types[field].startswith("["):
            yield from _check_list(each, kind, field, below)
        else:
            yield from _check_value(each, types[field], below)
            yield from _check_choice(each, values_of(kind, field), below)
    if kind == "ResourceRequirements":
        yield from check_resources(value, path)


def _check_choice(value: Any, known: list[str], path: Path) -> Iterator[Finding]:
    if not known or not isinstance(value, str) or value in known:
        return
    similar = _similar(value, known)
    message = f"{value!r} is not one of {', '.join(known)}"
    if similar:
        yield Finding(path, message, did_you_mean([similar]))
    else:
        yield Finding(path, message, _PASSED_ON, warning=True)


def _check_directive(value: Any, path: Path) -> Iterator[Finding]:
    if value not in ("replace", "delete"):
        yield Finding(path, f"expected replace or delete, got {type_name(value)}")


def _check_list(value: Any, kind: str, field: str, path: Path) -> Iterator[Finding]:
    if value is None:
        return
    if not isinstance(value, list):
        yield Finding(path, f"expected a list, got {type_name(value)}")
        return
    element_type = element(fields_of(kind)[field])
    rule = list_rule(kind, field)
    seen: dict[tuple[str, ...], int] = {}
    for index, each in enumerate(value):
        below = (*path, index)
        if each is None:
            yield Finding(below, "expected an element, got nothing")
            continue
        yield from _check_value(each, element_type, below)
        if rule is None or not isinstance(each, Mapping) or PATCH in each:
            continue
        missing = [name for name in rule.keys if name not in each and name not in rule.defaults]
        key = tuple(str(each.get(name, rule.defaults.get(name))) for name in rule.keys)
        if missing:
            yield Finding(below, f"the key {missing[0]!r} is missing")
        elif key in seen:
            words = " and ".join(f"{n} {v!r}" for n, v in zip(rule.keys, key, strict=True) if v)
            yield Finding(below, f"{words} occurs twice in this list")
        seen.setdefault(key, index)


def _unknown_field(field: str, kind: str, path: Path) -> Finding:
    similar = _similar(field, fields_of(kind))
    if similar:
        return Finding(path, f"{kind} has no field {field!r}", did_you_mean([similar]), at_key=True)
    for block, other in KIND_OF_BLOCK.items():
        if kind != other and len(path) == 1 and field in fields_of(other):
            hint = f"It is a field of {other}: write it below '{block}:'."
            return Finding(path, f"{kind} has no field {field!r}", hint, at_key=True)
    message = f"{kind} has no field {field!r} in Kubernetes {kubernetes_version()}"
    return Finding(path, message, _PASSED_ON, at_key=True, warning=True)


def _similar(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` surely was meant to be; None if it resembles none.

    Tighter than the search for a hint, since a newer Kubernetes may know the word: in
    its history hardly two fields of one kind are this close to each other.
    """
    wanted = plain(word)
    near = min(known, key=lambda each: _distance(wanted, plain(each)), default=None)
    if near is None:
        return None
    allowed = 2 if len(wanted) > 5 else 1
    return near if _distance(wanted, plain(near)) <= allowed else None


def _distance(left: str, right: str) -> int:
    """How many letters to insert, remove, change or swap to get from one word to the other."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left):
        below = [i + 1]
        for j, b in enumerate(right):
            steps = min(row[j + 1] + 1, below[j] + 1, row[j] + (a != b))
            if i and j and a == right[j - 1] and left[i - 1] == b:
                steps = min(steps, before[j - 1] + 1)
            below.append(steps)
        before, row = row, below
    return row[-1]
