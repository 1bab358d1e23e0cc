"""Compiling the programs of a cluster, once per version of their sources."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devcluster.clusters import cache_root
from devcluster.errors import DevclusterError
from devcluster.toolchain import SOURCES, find_go

PROGRAMS = ("kubernetes", "pause", "deviceplugin", "certificates")
# A cold build takes about six minutes on two cores; this only guards against a hang.
TIMEOUT = 3600


@dataclass(frozen=True)
class Binaries:
    """The folder with the compiled programs."""

    folder: Path

    def kubernetes(self, program: str) -> list[str]:
        """The start of the command line of one of Kubernetes' programs."""
        return [str(self.folder / "kubernetes"), program]

    def __getitem__(self, program: str) -> str:
        return str(self.folder / program)


def kubernetes_version() -> str:
    """Such as `v1.36.3`."""
    found = re.search(r"^\s*k8s\.io/kubernetes (v\S+)", (SOURCES / "go.mod").read_text(), re.M)
    if found is None:
        raise DevclusterError("devcluster/go/go.mod does not require k8s.io/kubernetes.")
    return found[1]


def _flags() -> list[str]:
    version = kubernetes_version()
    major, minor, _ = version.removeprefix("v").split(".", 2)
    package = "k8s.io/component-base/version"
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    stamps = " ".join(f"-X {package}.{name}={value}" for name, value in values.items())
    return ["-trimpath", "-buildvcs=false", f"-ldflags=-s -w {stamps}"]


def source_hash() -> str:
    """Sixteen hexadecimal digits that change with every source, dependency and build flag."""
    digest = hashlib.sha256("\0".join(_flags()).encode())
    sources = sorted(path for path in SOURCES.rglob("*") if path.suffix in {".go", ".mod", ".sum"})
    for path in sources:
        digest.update(f"\0{path.relative_to(SOURCES)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def find_binaries() -> Binaries | None:
    """The programs, where they have been compiled before."""
    folder = cache_root() / source_hash()
    return Binaries(folder) if all((folder / name).exists() for name in PROGRAMS) else None


def ensure_binaries() -> Binaries:
    """The programs, compiled first where that has not been done. Shows its progress.

    Two callers at once compile once. Raises DevclusterError with the compiler's words.
    """
    if found := find_binaries():
        return found
    with _lock(cache_root() / "compiling.lock"):
        if found := find_binaries():
            return found
        for stale in cache_root().glob("compiling-*"):
            shutil.rmtree(stale)
        go = find_go()
        folder = cache_root() / source_hash()
        with tempfile.TemporaryDirectory(dir=cache_root(), prefix="compiling-") as name:
            partial = Path(name) / "programs"
            partial.mkdir()
            _compile(go, partial)
            partial.chmod(0o755)
            if folder.exists():
                shutil.rmtree(folder)
            partial.rename(folder)
        _remove_unused(folder)
    return Binaries(folder)


def _remove_unused(current: Path) -> None:
    """Removes what was compiled of older sources, except where a cluster runs it still."""
    running = set()
    for process in Path("/proc").glob("[0-9]*/exe"):
        with contextlib.suppress(OSError):
            running.add(process.readlink().parent)
    for folder in current.parent.iterdir():
        is_compiled = re.fullmatch(r"[0-9a-f]{16}", folder.name) is not None
        if is_compiled and folder != current and folder not in running:
            shutil.rmtree(folder)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another compilation to end.", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _compile(go: str, target: Path) -> None:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    progress = _Progress(f"Compiling Kubernetes {kubernetes_version()} (only once)")
    packages = [".", *(f"./{name}" for name in PROGRAMS[1:])]
    command = [go, "build", "-v", *_flags(), "-o", str(target), *packages]
    listing = [go, "list", "-deps", *packages]
    progress.show("getting its modules")
    listed = subprocess.run(
        listing, cwd=SOURCES, env=environment, capture_output=True, text=True, timeout=TIMEOUT
    )
    if listed.returncode:
        raise DevclusterError(f"go list failed:\n{listed.stderr.strip()}")
    total = len(listed.stdout.splitlines())
    process = subprocess.Popen(
        command,
        cwd=SOURCES,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        while process.poll() is None:
            progress.show(f"{len(lines)} of at most {total} packages")
            if progress.seconds > TIMEOUT:
                raise DevclusterError(f"Compiling took more than {TIMEOUT} s.")
            time.sleep(0.5)
        reader.join(timeout=10)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    progress.end()
    if process.returncode:
        raise DevclusterError("Compiling failed:\n" + "".join(lines[-30:]).strip())
    # The main package is named after its module; the program's name says what it is.
    (target / "devcluster").rename(target / PROGRAMS[0])


class _Progress:
    """One line that moves on a terminal, and a line now and then in a log."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._start = time.monotonic()
        self._next = 0.0
        self._terminal = sys.stdout.isatty()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def show(self, detail: str) -> None:
        if self.seconds < self._next:
            return
        self._next = self.seconds + (0.4 if self._terminal else 15)
        line = f"{self._title}: {detail}, {self.seconds:.0f} s"
        print(f"\r\033[K{line}" if self._terminal else line, end="" if self._terminal else "\n")
        sys.stdout.flush()

    def end(self) -> None:
        print("\r\033[K" if self._terminal else "", end="")
        print(f"Compiled in {self.seconds:.0f} s.", flush=True)
