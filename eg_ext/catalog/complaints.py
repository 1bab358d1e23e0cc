"""pydantic's errors in the words of whoever wrote the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from .fields import CONTAINER, POD_SPEC, fields_of
from .model import CatalogFile, Profile
from .problems import Problem, did_you_mean, nearest
from .source import Path, Source, dotted

_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}

_KUBESPAWNER = {
    "kubespawner_override": "kernel: and pod:",
    "image": "kernel.image",
    "cpu_guarantee": "kernel.resources.requests.cpu",
    "cpu_limit": "kernel.resources.limits.cpu",
    "mem_guarantee": "kernel.resources.requests.memory",
    "mem_limit": "kernel.resources.limits.memory",
    "extra_resource_guarantees": "kernel.resources.requests",
    "extra_resource_limits": "kernel.resources.limits",
    "environment": "kernel.env",
}


def complaints(source: Source, error: ValidationError) -> Iterator[Problem]:
    """pydantic's errors as problems at their places in the file."""
    for each in error.errors():
        # pydantic does not count elements that are wrong themselves.
        if not (each["type"] == "too_short" and each["input"]):
            yield _describe(source, each)


def _describe(source: Source, error: Mapping[str, Any]) -> Problem:
    path: Path = tuple(error["loc"])
    kind = error["type"]
    if kind == "extra_forbidden":
        *above, key = path
        message = f"{_where(tuple(above))}the key {key!r} is not known"
        return source.problem(path, message, _hint_for_key(tuple(above), str(key)), key=True)
    if kind == "missing":
        *above, key = path
        return source.problem(tuple(above), f"{_where(tuple(above))}the key {key!r} is missing")
    if kind in _EXPECTED:
        message = f"expected {_EXPECTED[kind]}, got {type_name(error['input'])}"
    elif kind == "string_pattern_mismatch":
        message = f"{error['input']!r} is not a slug: up to 40 of a-z, 0-9 and '-' are possible"
    elif kind == "literal_error":
        message = f"version {error['input']!r} is not known; this eg-ext reads version 1"
        hint = "Write it without quotes." if error["input"] == "1" else ""
        return source.problem(path, f"{_where(path)}{message}", hint)
    elif kind in ("too_short", "string_too_short"):
        message = "must not be empty"
    else:
        message = error["msg"].removeprefix("Value error, ")
    return source.problem(path, f"{_where(path)}{message}")


def type_name(value: object) -> str:
    """What a YAML value is, in a reader's words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {value!r}"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return f"a {type(value).__name__}"


def _where(path: Path) -> str:
    return f"{dotted(path)}: " if path else ""


def _hint_for_key(above: Path, key: str) -> str:
    known = Profile if above[:1] == ("profiles",) else CatalogFile
    if known is Profile:
        if key in _KUBESPAWNER:
            return f"What kubespawner calls {key} is written as {_KUBESPAWNER[key]} here."
        for block, kind in (("kernel", CONTAINER), ("pod", POD_SPEC)):
            if key in fields_of(kind):
                return f"{key!r} is Kubernetes' own field: write it below '{block}:'."
    words = nearest(key, known.model_fields)
    return did_you_mean(words) or f"Known: {', '.join(known.model_fields)}."
