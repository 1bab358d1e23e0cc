from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from eg_ext.cli.kernelspecs import destination, image_name, shipped
from images.__main__ import full_name, image_of
from images.context import recipes

from .conftest import Run


def test_the_kernelspecs_of_eg_ext_are_listed(run: Run) -> None:
    lines = run("kernelspecs", "list").output.splitlines()
    assert lines[0].split() == ["NAME", "DISPLAY", "NAME", "IMAGE"]
    assert any(line.startswith("python ") for line in lines[1:])


def test_jupyter_finds_what_was_installed(run: Run, tmp_path: Path) -> None:
    result = run("kernelspecs", "install", "--user")
    assert result.exit_code == 0, result.output
    target = tmp_path / "jupyter" / "kernels" / "python"
    assert f"installed {target}" in result.output
    spec = KernelSpecManager(kernel_dirs=[str(target.parent)]).get_kernel_spec("python")
    assert spec.metadata["process_proxy"]["class_name"] == "eg_ext.ProfileProcessProxy"
    assert sorted(each.name for each in target.parent.iterdir()) == ["python"]


def test_an_older_one_is_replaced_whole(run: Run, tmp_path: Path) -> None:
    old = tmp_path / "share" / "jupyter" / "kernels" / "python"
    old.mkdir(parents=True)
    (old / "old.txt").write_text("old")
    result = run("kernelspecs", "install", "--prefix", str(tmp_path), "python")
    assert result.exit_code == 0, result.output
    assert (old / "kernel.json").is_file()
    assert not (old / "old.txt").exists()
    assert list(old.parent.iterdir()) == [old]


def test_the_image_can_come_from_another_registry_with_another_tag(
    run: Run, tmp_path: Path
) -> None:
    options = ["--registry", "registry.example/team", "--tag", "1.0"]
    result = run("kernelspecs", "install", "--prefix", str(tmp_path), "python", *options)
    assert result.exit_code == 0, result.output
    file = tmp_path / "share" / "jupyter" / "kernels" / "python" / "kernel.json"
    image = json.loads(file.read_text())["metadata"]["process_proxy"]["config"]["image_name"]
    assert image == "registry.example/team/kernel-python:1.0"


@pytest.mark.parametrize(
    ("image", "registry", "tag", "result"),
    [
        ("a/b:dev", None, None, "a/b:dev"),
        ("a/b:dev", None, "1", "a/b:1"),
        ("a/b", None, "1", "a/b:1"),
        ("b", "registry:5000/", None, "registry:5000/b"),
        ("b", "registry:5000", "1", "registry:5000/b:1"),
        ("a/b:dev", "registry:5000/team", None, "registry:5000/team/b:dev"),
        ("old.example:5000/a/b:dev", "new.example/team", "1", "new.example/team/b:1"),
    ],
)
def test_image_names(image: str, registry: str | None, tag: str | None, result: str) -> None:
    assert image_name(image, registry, tag) == result


@pytest.mark.parametrize(
    ("registry", "tag"),
    [(None, None), ("registry.example.com/team", "1.0"), ("localhost:5000/", None), (None, "1.0")],
)
def test_a_kernelspec_names_the_image_that_make_images_makes(
    registry: str | None, tag: str | None
) -> None:
    for recipe in recipes().values():
        (spec,) = [
            each
            for each in shipped().values()
            if each.image.rpartition("/")[2].partition(":")[0] == recipe.name
        ]
        made = image_of(recipe, registry or "eg-ext", tag or "dev")
        assert full_name(image_name(spec.image, registry, tag)) == made


def test_without_options_they_go_where_this_python_is() -> None:
    assert destination("sys-prefix", None) == Path(sys.prefix) / "share" / "jupyter" / "kernels"


def test_a_kernelspec_that_eg_ext_lacks_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    result = run("kernelspecs", "install", "--prefix", str(tmp_path), "pyton")
    assert result.exit_code == 2
    assert "No kernelspec 'pyton' comes with eg-ext. Did you mean 'python'?" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "share").write_text("a file")
    result = run("kernelspecs", "install", "--prefix", str(tmp_path))
    assert result.exit_code == 1
    assert "Error: cannot install to" in result.output
