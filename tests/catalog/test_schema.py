from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from eg_ext.catalog import json_schema

from .samples import TEXT, profile_with

VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def wrong(text: str) -> list[str]:
    return [each.message for each in VALIDATOR.iter_errors(yaml.safe_load(text))]


def test_it_is_a_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_good_catalogs_pass(repository: Path) -> None:
    assert wrong(TEXT) == []
    assert wrong((repository / "examples" / "catalog.yaml").read_text()) == []
    assert wrong(profile_with("pod: {volumes: [{$patch: replace}], futureField: 1}")) == []
    assert wrong(profile_with("kernel: {resources: null, imagePullPolicy: null}")) == []


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("version: 1", "version: 2"),
        TEXT.replace("profiles:", "profile:"),
        TEXT.replace("slug: small", "slug: Small"),
        TEXT.replace("start_timeout: 10m", "start_timeout: soon"),
        TEXT.replace("memory: 2Gi}\n", "memory: 2Gb}\n", 1),
        TEXT.replace("operator: Exists", "operator: 3"),
        profile_with("pod: {nodeSelector: {gpu: true}}"),
        profile_with("kernel: {env: {A: b}}"),
    ],
)
def test_wrong_catalogs_do_not(text: str) -> None:
    assert wrong(text)


def test_editors_can_complete_kubernetes_fields_and_values() -> None:
    definitions: dict[str, Any] = json_schema()["$defs"]
    assert definitions["Profile"]["properties"]["pod"]["$ref"] == "#/$defs/PodSpec"
    assert "nodeSelector" in definitions["PodSpec"]["properties"]
    effect = definitions["Toleration"]["properties"]["effect"]
    assert "NoSchedule" in effect["anyOf"][0]["enum"]
