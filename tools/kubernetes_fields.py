"""Write the table of Kubernetes field names that the catalog checks against.

The table is a digest of the OpenAPI document that every API server publishes:
for ``Container`` and ``PodSpec`` and all that hangs below them, which fields
exist, of which type, with which values, and by which key a list is merged.  It is made again for a
newer Kubernetes like this::

    kubectl get --raw /openapi/v2 | python3 tools/kubernetes_fields.py > eg_ext/catalog/fields.json
"""

from __future__ import annotations

import json
import sys
from typing import Any

ROOTS = ("io.k8s.api.core.v1.Container", "io.k8s.api.core.v1.PodSpec")
SCALARS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "Quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "IntOrString",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "any",
}


def type_of(schema: dict[str, Any], pending: list[str]) -> str:
    """The type of one field: a scalar, a kind, ``[T]`` for lists or ``{T}`` for maps."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in SCALARS:
            return SCALARS[name]
        pending.append(name)
        return short(name)
    if schema.get("type") == "array":
        return f"[{type_of(schema['items'], pending)}]"
    if "additionalProperties" in schema:
        return f"{{{type_of(schema['additionalProperties'], pending)}}}"
    return str(schema.get("type", "any"))


def short(name: str) -> str:
    """``io.k8s.api.core.v1.Container`` -> ``Container``."""
    return name.rpartition(".")[2]


def digest(document: dict[str, Any]) -> dict[str, Any]:
    """The table for one OpenAPI v2 document."""
    definitions = document["definitions"]
    kinds: dict[str, dict[str, str]] = {}
    merge_keys: dict[str, dict[str, list[str]]] = {}
    retain_keys: dict[str, list[str]] = {}
    enums: dict[str, dict[str, list[str]]] = {}
    pending = list(ROOTS)
    while pending:
        name = pending.pop()
        kind = short(name)
        if kind in kinds:
            continue
        kinds[kind] = {}
        for field, schema in sorted(definitions[name].get("properties", {}).items()):
            kinds[kind][field] = type_of(schema, pending)
            if "enum" in schema:
                enums.setdefault(kind, {})[field] = schema["enum"]
            patch_key = schema.get("x-kubernetes-patch-merge-key")
            keys = schema.get("x-kubernetes-list-map-keys") or ([patch_key] if patch_key else [])
            if keys:
                merge_keys.setdefault(kind, {})[field] = keys
            if "retainKeys" in schema.get("x-kubernetes-patch-strategy", ""):
                retain_keys.setdefault(kind, []).append(field)
    return {
        "kubernetes": document["info"]["version"],
        "kinds": dict(sorted(kinds.items())),
        "merge_keys": dict(sorted(merge_keys.items())),
        "retain_keys": dict(sorted(retain_keys.items())),
        "enums": dict(sorted(enums.items())),
    }


def main() -> None:
    """Read an OpenAPI v2 document from standard input, write the table to standard output."""
    table = digest(json.load(sys.stdin))
    lines = [f'"kubernetes": {json.dumps(table["kubernetes"])}']
    for section in ("kinds", "merge_keys", "retain_keys", "enums"):
        entries = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in table[section].items()]
        lines.append(f'"{section}": {{\n' + ",\n".join(entries) + "\n }")
    print("{\n " + ",\n ".join(lines) + "\n}")


if __name__ == "__main__":
    main()
