"""One rule for laying one partial object over another: Kubernetes' strategic merge.

* Mappings merge key by key, to any depth.
* A list whose elements have a merge key in Kubernetes (``env`` by ``name``,
  ``volumeMounts`` by ``mountPath`` …) merges element by element; a new element goes to
  the end.  Any other list is replaced as one.
* ``null`` deletes the field below it; ``$patch: delete`` in a list's element deletes
  the element below it; ``$patch: replace`` replaces instead of merging.
* Everything else is replaced.

Layers are merged before it is known what they will be laid on (a kernelspec and a
profile first, the base later), so a deletion must survive a merge that finds nothing
to delete.  That is why :func:`merge` keeps ``null`` and ``$patch`` in its result,
which makes it associative, and :func:`settle` takes them out at the very end.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from .fields import ListRule, element, fields_of, list_rule

PATCH = "$patch"
_REPLACE = "replace"
_DELETE = "delete"


def merge(base: Mapping[str, Any], patch: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Lay ``patch`` over ``base``; both are partial objects of Kubernetes' ``kind``.

    Neither argument is changed, and the result shares nothing with them.
    """
    return copy.deepcopy(_merge_mappings(base, patch, kind))


def settle(value: Mapping[str, Any]) -> dict[str, Any]:
    """The finished object: what ``null`` and ``$patch`` ask for is done, and they are gone."""
    settled: dict[str, Any] = _settle(value)
    return settled


def _merge_mappings(base: Mapping[str, Any], patch: Mapping[str, Any], kind: str) -> dict[str, Any]:
    if patch.get(PATCH) in (_REPLACE, _DELETE):
        return dict(patch)
    if base.get(PATCH) == _DELETE:
        return _replacing(patch)
    types = fields_of(kind)
    merged = dict(base)
    for field, value in patch.items():
        merged[field] = (
            _merge_values(base[field], value, kind, field, types.get(field, "any"))
            if field in base
            else value
        )
    return merged


def _merge_values(below: Any, above: Any, kind: str, field: str, field_type: str) -> Any:
    if isinstance(above, Mapping):
        if not isinstance(below, Mapping):
            return _replacing(above)
        return _merge_mappings(below, above, _kind_below(field_type))
    if isinstance(above, list):
        rule = list_rule(kind, field)
        if rule is not None:
            if not isinstance(below, list):
                return [{PATCH: _REPLACE}, *(each for each in above if not _is_replace_mark(each))]
            return _merge_lists(below, above, rule, element(field_type))
    return above


def _merge_lists(below: list[Any], above: list[Any], rule: ListRule, kind: str) -> list[Any]:
    if any(_is_replace_mark(each) for each in above):
        return above
    merged = list(below)
    for each in above:
        key = _key(each, rule)
        place = next((i for i, old in enumerate(merged) if key and _key(old, rule) == key), None)
        if place is None:
            merged.append(each)
        elif rule.whole:
            merged[place] = each
        else:
            merged[place] = _merge_mappings(merged[place], each, kind)
    return merged


def _kind_below(field_type: str) -> str:
    """The kind of a mapping's own fields; a map's values have no kind that merging needs."""
    return field_type if fields_of(field_type) else "any"


def _key(item: Any, rule: ListRule) -> tuple[str, ...] | None:
    """What identifies a list's element; None if it has no identity and is only appended."""
    if not isinstance(item, Mapping) or _is_replace_mark(item):
        return None
    values = [item.get(name, rule.defaults.get(name)) for name in rule.keys]
    return None if None in values else tuple(str(value) for value in values)


def _replacing(patch: Mapping[str, Any]) -> dict[str, Any]:
    """``patch``, marked so that it also replaces what lies further below."""
    return {**patch, PATCH: _REPLACE}


def _is_replace_mark(item: Any) -> bool:
    return isinstance(item, Mapping) and len(item) == 1 and item.get(PATCH) == _REPLACE


def _is_deletion(value: Any) -> bool:
    return value is None or (isinstance(value, Mapping) and value.get(PATCH) == _DELETE)


def _settle(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _settle(each)
            for key, each in value.items()
            if key != PATCH and not _is_deletion(each)
        }
    if isinstance(value, list):
        return [
            _settle(each)
            for each in value
            if not _is_replace_mark(each) and not (each is not None and _is_deletion(each))
        ]
    return value
