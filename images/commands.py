"""Running other programs."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from .errors import ImageError


def run(*words: str | Path, **environment: str) -> None:
    """Run a command with its output in view.

    Raises:
        ImageError: it failed.
    """
    command = [str(word) for word in words]
    status = subprocess.run(command, env={**os.environ, **environment}, check=False).returncode
    if status != 0:
        raise ImageError(f"This command failed with exit code {status}: {shlex.join(command)}")


def succeeds(*words: str | Path) -> bool:
    """Run a command in silence and return whether it succeeded; False if it is not there."""
    if not shutil.which(str(words[0])):
        return False
    command = [str(word) for word in words]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def output(*words: str | Path) -> str:
    """Return what a command prints, without the last line's end.

    Raises:
        ImageError: it failed.
    """
    command = [str(word) for word in words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ImageError(f"This command failed: {shlex.join(command)}\n{done.stderr.strip()}")
    return done.stdout.rstrip("\n")


def install(package: str) -> None:
    """Install a Debian package, where that is possible.

    Raises:
        ImageError: this is no Debian, or the user is not root.
    """
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise ImageError(f"{package} is needed: install it, or run this as root on Debian.")
    print(f"Installing {package} with apt-get.", flush=True)
    run("apt-get", "update", "--quiet")
    run(
        *("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", package),
        DEBIAN_FRONTEND="noninteractive",
    )
