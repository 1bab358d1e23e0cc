from __future__ import annotations

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]

from ..catalog.samples import TEXT, profile_with
from .conftest import Run


def test_a_good_catalog_is_ok(run: Run, catalog_file: Path) -> None:
    result = run("validate", "catalog.yaml")
    assert (result.exit_code, result.output) == (0, "catalog.yaml: ok: 2 profiles\n")


def test_a_wrong_catalog_fails_with_all_that_is_wrong(run: Run, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(TEXT.replace("slug: gpu", "slug: G").replace("2Gi", "2X"))
    result = run("validate", "wrong.yaml")
    assert result.exit_code == 1
    assert [line.split(": ")[0] for line in result.output.splitlines()] == [
        "wrong.yaml:6:11",
        "wrong.yaml:10:38",
        "wrong.yaml:11:26",
    ]


def test_one_wrong_catalog_among_many_fails_and_all_are_reported(
    run: Run, catalog_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "wrong.yaml").write_text("[")
    result = run("validate", "wrong.yaml", "catalog.yaml")
    assert result.exit_code == 1
    assert result.output.startswith("wrong.yaml:1:2: not YAML")
    assert result.output.endswith("catalog.yaml: ok: 2 profiles\n")


def test_a_warning_fails_only_if_asked_for(run: Run, tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text(profile_with("pod: {futureField: 1}"))
    result = run("validate", "new.yaml")
    assert result.exit_code == 0
    assert result.output.startswith("new.yaml:6:11: warning: profiles[0].pod.futureField: ")
    assert result.output.endswith("new.yaml: ok: 1 profile\n")
    assert run("validate", "--strict", "new.yaml").exit_code == 1


def test_a_file_that_is_missing_is_wrong_usage(run: Run) -> None:
    result = run("validate", "nowhere.yaml")
    assert result.exit_code == 2
    assert "'nowhere.yaml' does not exist" in result.output


def test_nothing_to_validate_is_wrong_usage(run: Run) -> None:
    assert run("validate").exit_code == 2


def test_the_schema_is_printed_as_json(run: Run) -> None:
    result = run("schema")
    assert result.exit_code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(result.output))
