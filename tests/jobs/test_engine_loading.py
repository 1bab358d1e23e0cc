"""How papermill finds the engine, and what that costs other runs."""

from __future__ import annotations

import subprocess

import pytest

from .running import JOBS_BIN

pytestmark = pytest.mark.jobs


def python(program: str) -> str:
    """Run a program in the jobs' environment and return what it prints."""
    command = [str(JOBS_BIN / "python"), "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_papermill_knows_the_engine_by_its_name() -> None:
    said = python(
        "from papermill.engines import papermill_engines\n"
        "print(papermill_engines.get_engine('eg-ext').__module__)"
    )
    assert said == "eg_ext.jobs.engine\n"


@pytest.mark.parametrize("module", ["eg_ext.jobs.engine", "eg_ext.jobs.notebooks"])
def test_it_may_be_imported_before_papermill(module: str) -> None:
    said = python(
        f"import {module}\n"
        "from papermill.engines import papermill_engines\n"
        "print(papermill_engines.get_engine('eg-ext').__name__)"
    )
    assert said == "GatewayEngine\n"


def test_other_runs_do_not_load_it() -> None:
    said = python(
        "import sys, eg_ext.jobs.engine\n"
        "print(sorted(name for name in sys.modules if name.startswith(('eg_ext', 'tornado'))))"
    )
    assert said == "['eg_ext', 'eg_ext.jobs', 'eg_ext.jobs.engine']\n"
