"""What README and docs show is true: commands run, snippets load, links lead somewhere."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from eg_ext.catalog import Kernelspec, loads

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BIN = Path(sys.executable).parent


def blocks(page: Path, language: str) -> list[str]:
    """The fenced code blocks of one language."""
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return fence.findall(page.read_text())


def all_blocks(language: str) -> list[pytest.param]:
    """Every block of a language, named by its page."""
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page in PAGES
        for number, block in enumerate(blocks(page, language))
    ]


@pytest.mark.parametrize("snippet", all_blocks("yaml"))
def test_every_catalog_loads(snippet: str) -> None:
    content = yaml.safe_load(snippet)
    assert content
    if "kind" not in content and "containers" not in content:  # Kubernetes' own; a pod
        assert not loads(snippet).warnings


@pytest.mark.parametrize("snippet", all_blocks("json"))
def test_every_kernelspec_is_one(snippet: str) -> None:
    content = json.loads(snippet)
    if "shell_port" not in content:  # a connection file
        assert Kernelspec.from_kernel_json("snippet", content).argv


@pytest.mark.parametrize("snippet", all_blocks("python"))
def test_every_program_is_one(snippet: str) -> None:
    compile(snippet, "snippet", "exec")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = page.read_text()
    mentioned = re.findall(r"`make ([a-z-]+)", text) + re.findall(r"^make ([a-z-]+)", text, re.M)
    assert set(mentioned) <= targets


def test_the_readmes_commands_do_what_they_say(tmp_path: Path) -> None:
    readme = ROOT / "README.md"
    (tmp_path / "catalog.yaml").write_text(blocks(readme, "yaml")[0])
    ran = []
    for block in blocks(readme, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            command = shlex.split(line, comments=True)
            if command[:1] != ["eg-ext"] or command[1] == "serve":
                continue
            if command[1:3] == ["kernelspecs", "install"]:
                command += ["--prefix", str(tmp_path)]
            done = subprocess.run(
                [BIN / command[0], *command[1:]], cwd=tmp_path, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout + done.stderr
            ran.append(command[1])
    assert ran == ["kernelspecs", "validate"]
    kernel_json = tmp_path / "share" / "jupyter" / "kernels" / "python" / "kernel.json"
    spec = Kernelspec.from_kernel_json("python", json.loads(kernel_json.read_text()))
    assert spec.image == "registry.example.com/team/kernel-python:1.0"
