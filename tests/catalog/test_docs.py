"""What docs/catalog.md says leaves nothing out; tests/test_docs.py loads its snippets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eg_ext.catalog import load
from eg_ext.catalog.fields import CONTAINER, POD_SPEC, fields_of, kubernetes_version, list_rule
from eg_ext.catalog.model import CatalogFile, Profile
from eg_ext.catalog.reserved import RESERVED_ENV, check_reserved

PAGE = Path(__file__).parents[2] / "docs" / "catalog.md"
TEXT = PAGE.read_text(encoding="utf8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_there_are_snippets() -> None:
    assert len(blocks("yaml")) >= 4
    assert len(blocks("json")) >= 1


def test_the_example_is_a_catalog_without_warnings(repository: Path) -> None:
    example = load(repository / "examples" / "catalog.yaml")
    assert [each.slug for each in example.profiles] == ["small", "gpu"]
    assert not example.warnings


@pytest.mark.parametrize("key", [*CatalogFile.model_fields, *Profile.model_fields])
def test_every_key_is_described(key: str) -> None:
    assert f"| `{key}` |" in TEXT


def test_every_reserved_field_is_named() -> None:
    for block, kind in (("kernel", CONTAINER), ("pod", POD_SPEC)):
        row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{block}:` |"))
        reserved = {f.path[0] for f in check_reserved(dict.fromkeys(fields_of(kind)), block)}
        assert {field for field in reserved if f"`{field}`" not in row} == set()
    assert [name for name in RESERVED_ENV if f"`{name}`" not in TEXT] == []


def test_every_list_with_a_merge_key_is_named() -> None:
    keyed = [
        field
        for kind in (CONTAINER, POD_SPEC)
        for field in fields_of(kind)
        if list_rule(kind, field)
    ]
    table = [line for line in TEXT.splitlines() if line.startswith("| `")]
    reserved = {"ephemeralContainers"}
    assert [f for f in keyed if f not in reserved and f"`{f}`" not in "\n".join(table)] == []


def test_the_version_of_kubernetes_is_the_one_that_is_known() -> None:
    assert f"Kubernetes {kubernetes_version()}" in TEXT
