"""Starting the programs of a cluster, finding them again, ending them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from devcluster.cgroups import enter_cgroup
from devcluster.clusters import MARKER, Cluster, State
from devcluster.errors import ComponentFailed, DevclusterError

# All that the programs get of the caller's environment. Proxies are left out on purpose: the
# components talk to each other only.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(
    argv: Sequence[str],
    text: str | None = None,
    file: IO[bytes] | None = None,
    timeout: float = 60,
) -> str:
    """Runs a short command and returns its output; `text` or `file` is its standard input.

    Raises DevclusterError with the command's own words where it fails, is missing or takes longer
    than `timeout` seconds.
    """
    source = file if file is not None else None if text is not None else subprocess.DEVNULL
    try:
        done = subprocess.run(
            argv,
            input=text,
            stdin=source,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=True,
        )
    except FileNotFoundError:
        raise DevclusterError(f"{argv[0]} is not installed or not in PATH.") from None
    except subprocess.TimeoutExpired:
        raise DevclusterError(f"`{' '.join(argv)}` took more than {timeout:.0f} s.") from None
    except subprocess.CalledProcessError as error:
        words = (error.stderr or error.stdout or "").strip()
        raise DevclusterError(
            f"`{' '.join(argv)}` failed with exit code {error.returncode}: {words}"
        ) from None
    return done.stdout


def inside(pid: int, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` in the node whose first process is `pid`."""
    return ["nsenter", "--target", str(pid), "--all", "--", *command]


def log_file(cluster: Cluster, component: str) -> Path:
    return cluster.logs / f"{component.replace('/', '-')}.log"


def start(
    cluster: Cluster,
    state: State,
    component: str,
    argv: Sequence[str],
    environment: Mapping[str, str] | None = None,
) -> int:
    """Starts a program that outlives this process; notes its id in the state and returns it.

    The output goes to the component's log. Its session is its own, so that neither Ctrl-C nor the
    end of the terminal reaches it.
    """
    variables = {"PATH": PATH, "HOME": "/", "LANG": "C.UTF-8", MARKER: str(cluster.folder)}
    variables.update(environment or {})
    log = log_file(cluster, component)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*enter_cgroup(cluster), *argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=variables,
            cwd="/",
            start_new_session=True,
        )
    state.processes[component] = process.pid
    state.save(cluster)
    return process.pid


def wait_for(
    cluster: Cluster, state: State, component: str, ready: Callable[[], bool], timeout: float
) -> None:
    """Waits until `ready()` holds, which is said of `component`.

    Raises ComponentFailed as soon as any program of the cluster has ended, or for `component` after
    `timeout` seconds.
    """
    end = time.monotonic() + timeout
    pause = 0.02
    while True:
        for name, pid in state.processes.items():
            if not is_ours(cluster, pid):
                raise ComponentFailed(name, "ended while starting.", log_file(cluster, name))
        if ready():
            return
        if time.monotonic() > end:
            reason = f"was not ready after {timeout:.0f} s."
            raise ComponentFailed(component, reason, log_file(cluster, component))
        time.sleep(pause)
        pause = min(pause * 1.3, 0.25)


def is_ours(cluster: Cluster, pid: int) -> bool:
    """Whether the process runs and belongs to the cluster. A zombie does not run."""
    for _ in range(5):
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            if environment:
                return cluster.marker.encode() in environment.split(b"\0")
            # Empty: a zombie or a kernel thread, neither of which has a program file; or else a
            # process that is just becoming another program and has its environment again at once.
            Path(f"/proc/{pid}/exe").readlink()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return False
        time.sleep(0.002)
    return False


def find_all(cluster: Cluster) -> list[int]:
    """The ids of every process of the cluster on this machine, except of containers."""
    ids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in ids if pid != os.getpid() and is_ours(cluster, pid)]


def kill_all(cluster: Cluster, timeout: float = 20) -> int:
    """Kills every process of the cluster and waits until they are gone; returns how many.

    A node's first process is the init of its process namespace, so the kernel ends every
    container of the node with it. Raises DevclusterError where some are left after `timeout`
    seconds.
    """
    seen: set[int] = set()
    end = time.monotonic() + timeout
    while left := find_all(cluster):
        seen.update(left)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > end:
            raise DevclusterError(f"processes {left} do not end: they may hang in the kernel.")
        time.sleep(0.03)
    return len(seen)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, without a trailing newline; empty where there is none."""
    try:
        content = log.read_text(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(content.splitlines()[-lines:])
