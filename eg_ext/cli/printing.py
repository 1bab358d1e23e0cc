"""How results are printed: manifests for machines, tables for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

_NEVER_FOLD = 1_000_000


def dump(manifests: list[dict[str, Any]], output: str) -> str:
    """Manifests as YAML documents, or as one List in JSON; both are what kubectl takes."""
    if output == "json":
        items = {"apiVersion": "v1", "kind": "List", "items": manifests}
        return json.dumps(items, indent=2, ensure_ascii=False) + "\n"
    # Without aliases: two equal blocks are printed twice, since readers know no anchors.
    return yaml.dump_all(
        manifests, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=_NEVER_FOLD
    )


class _PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows below a header, in columns as wide as their longest entry."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
