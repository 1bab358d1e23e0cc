from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eg_ext.cli.commands import eg_ext

from ..catalog.samples import TEXT, kernel_json

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run eg-ext in a directory of its own, with no kernelspecs of this machine's."""
    for variable in [each for each in os.environ if each.startswith("JUPYTER")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "path"))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(eg_ext, list(arguments), prog_name="eg-ext")


@pytest.fixture
def catalog_file(tmp_path: Path) -> Path:
    """A good catalog, under the name that commands look for."""
    file = tmp_path / "catalog.yaml"
    file.write_text(TEXT)
    return file


@pytest.fixture
def spec_directory(tmp_path: Path) -> Path:
    """A directory with a kernel.json, called ``python``."""
    directory = tmp_path / "specs" / "python"
    directory.mkdir(parents=True)
    (directory / "kernel.json").write_text(json.dumps(kernel_json()))
    return directory
