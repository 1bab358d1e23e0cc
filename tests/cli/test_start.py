from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import eg_ext

from .conftest import Run

HEAVY = ["kubernetes", "tornado", "enterprise_gateway", "jupyter_client", "pydantic", "yaml"]


def python(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").output == f"eg-ext {eg_ext.__version__}\n"


def test_the_command_is_installed_and_has_help() -> None:
    command = str(Path(sys.executable).with_name("eg-ext"))
    done = subprocess.run([command, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    for name in ("validate", "render", "schema", "kernelspecs", "serve"):
        assert f"  {name} " in done.stdout


def test_it_starts_without_what_only_some_commands_need() -> None:
    done = python(
        f"import sys, eg_ext.cli.commands; print([each for each in {HEAVY} if each in sys.modules])"
    )
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [
        ("click", ["--version"], "catalog"),
        ("enterprise_gateway", ["serve"], "gateway"),
        ("yaml", ["schema"], "catalog"),
    ],
)
def test_a_missing_extra_is_said_in_one_sentence(
    module: str, arguments: list[str], extra: str
) -> None:
    done = python(
        f"import sys; sys.argv[1:] = {arguments}; sys.modules[{module!r}] = None; "
        "import eg_ext.cli; eg_ext.cli.main()"
    )
    assert done.returncode == 1
    assert done.stderr == f"eg-ext needs {module} for this: install it as 'eg-ext[{extra}]'.\n"


def test_an_unknown_command_is_wrong_usage(run: Run) -> None:
    assert run("frobnicate").exit_code == 2
