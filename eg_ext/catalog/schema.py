"""The catalog's format as a JSON Schema, for completion and checks in editors."""

from __future__ import annotations

from typing import Any

from .fields import CONTAINER, POD_SPEC, element, fields_of, kinds, values_of
from .merging import PATCH
from .model import CatalogFile

_SCALARS: dict[str, dict[str, Any]] = {
    "string": {"type": ["string", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "integer": {"type": ["integer", "null"]},
    "number": {"type": ["number", "null"]},
    "IntOrString": {"type": ["integer", "string", "null"]},
    "Quantity": {
        "type": ["string", "number", "null"],
        "pattern": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$",
        "examples": ["500m", "4Gi"],
    },
    "any": {},
}


def json_schema() -> dict[str, Any]:
    """The schema of version 1.

    It is looser than :func:`eg_ext.catalog.load`: it knows names and types, but neither
    the rules between two values nor the fields that are reserved.
    """
    schema = CatalogFile.model_json_schema()
    definitions = schema["$defs"]
    for block, kind in (("kernel", CONTAINER), ("pod", POD_SPEC)):
        field = definitions["Profile"]["properties"][block]
        definitions["Profile"]["properties"][block] = {
            "description": field["description"],
            "$ref": _reference(kind),
        }
    definitions.update((kind, _kind_schema(kind)) for kind in kinds())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "eg-ext catalog",
    }


def _reference(kind: str) -> str:
    return f"#/$defs/{kind}"


def _kind_schema(kind: str) -> dict[str, Any]:
    # Fields that are not listed are allowed: a newer Kubernetes may have them.
    properties = {name: _field_schema(kind, name) for name in fields_of(kind)}
    return {"type": "object", "properties": {**properties, PATCH: {"enum": ["replace", "delete"]}}}


def _field_schema(kind: str, name: str) -> dict[str, Any]:
    schema = _type_schema(fields_of(kind)[name])
    values = values_of(kind, name)
    # For completion only: a newer Kubernetes may take other values too.
    return {"anyOf": [{"enum": values}, schema]} if values else schema


def _type_schema(field_type: str) -> dict[str, Any]:
    if field_type in _SCALARS:
        return _SCALARS[field_type]
    if field_type.startswith("["):
        return {"type": ["array", "null"], "items": _type_schema(element(field_type))}
    if field_type.startswith("{"):
        below = _type_schema(element(field_type))
        return {"type": ["object", "null"], "additionalProperties": below}
    return {"anyOf": [{"$ref": _reference(field_type)}, {"type": "null"}]}
