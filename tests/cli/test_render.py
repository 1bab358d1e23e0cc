from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ..pods.restricted import violations
from .conftest import Run

SNAPSHOTS = Path(__file__).parent / "snapshots"


@pytest.mark.parametrize("profile", ["small", "gpu"])
def test_the_example_renders_to_these_manifests(run: Run, repository: Path, profile: str) -> None:
    example = repository / "examples" / "catalog.yaml"
    result = run(
        *("render", "--catalog", str(example), "--profile", profile),
        *("--kernelspec", str(SNAPSHOTS / "python"), "--user", "Alice"),
    )
    assert result.exit_code == 0, result.output
    assert result.output == (SNAPSHOTS / f"{profile}.yaml").read_text()


def test_yaml_and_json_say_the_same(run: Run, catalog_file: Path, spec_directory: Path) -> None:
    command = ["render", "--kernelspec", str(spec_directory), "--user", "alice"]
    documents = list(yaml.safe_load_all(run(*command).output))
    listed = json.loads(run(*command, "--output", "json").output)
    assert listed == {"apiVersion": "v1", "kind": "List", "items": documents}
    assert [each["kind"] for each in documents] == ["Secret", "Pod"]
    assert list(violations(documents[1]["spec"])) == []


def test_catalog_yaml_and_the_default_profile_are_taken_if_none_is_named(
    run: Run, catalog_file: Path, spec_directory: Path
) -> None:
    result = run("render", "--kernelspec", str(spec_directory), "--user", "alice")
    assert "eg-ext.io/profile: small" in result.output


@pytest.mark.parametrize("way", ["directory", "file", "installed"])
def test_a_kernelspec_is_found(
    run: Run, catalog_file: Path, spec_directory: Path, tmp_path: Path, way: str
) -> None:
    name = {"directory": str(spec_directory), "file": "specs/python/kernel.json"}.get(way, "mine")
    if way == "installed":
        (tmp_path / "path" / "kernels").mkdir(parents=True)
        spec_directory.rename(tmp_path / "path" / "kernels" / "mine")
    result = run("render", "--kernelspec", name, "--user", "alice")
    assert result.exit_code == 0, result.output
    expected = "mine" if way == "installed" else "python"
    assert f"eg-ext.io/kernelspec: {expected}" in result.output


def test_a_kernelspec_of_eg_ext_is_found(run: Run, catalog_file: Path) -> None:
    result = run("render", "--kernelspec", "python", "--user", "alice")
    assert result.exit_code == 0, result.output
    assert "eg-ext.io/kernelspec: python" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--profile", "gpuu"], "Error: There is no profile 'gpuu'. Did you mean 'gpu'?"),
        (["--kernelspec", "pyton"], "Error: There is no kernelspec 'pyton'. Did you mean 'python'"),
        (["--user", ""], "Error: The name '' cannot be a user's"),
    ],
)
def test_what_cannot_be_rendered_is_said_in_one_sentence(
    run: Run, catalog_file: Path, arguments: list[str], message: str
) -> None:
    result = run("render", "--user", "alice", *arguments)
    assert result.exit_code == 1
    assert result.output.startswith(message)
    assert "Traceback" not in result.output


def test_mistakes_in_catalog_or_kernelspec_are_printed(
    run: Run, catalog_file: Path, spec_directory: Path
) -> None:
    (spec_directory / "kernel.json").write_text("{")
    command = ["render", "--user", "alice", "--kernelspec", str(spec_directory)]
    result = run(*command)
    assert result.exit_code == 1
    assert "kernel.json:1:2: not JSON" in result.output
    (spec_directory / "kernel.json").write_text("{}")
    assert "kernelspec python: argv: expected a list of texts" in run(*command).output
    catalog_file.write_text("version: 3")
    assert (
        "catalog.yaml:1:1: the key 'profiles' is missing" in run("render", "--user", "alice").output
    )


def test_no_user_or_no_catalog_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    assert run("render", "--user", "alice").exit_code == 2
    (tmp_path / "catalog.yaml").write_text("version: 1")
    assert run("render").exit_code == 2
