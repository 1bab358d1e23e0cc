"""The control groups of a cluster: one for each node's pods, one for all programs beside them.

Both versions of cgroups are served.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import time
from pathlib import Path

from devcluster.clusters import Cluster
from devcluster.errors import DevclusterError

# The group of the cluster's own programs, beside those of its nodes.
PROGRAMS = "programs"
ROOT = Path("/sys/fs/cgroup")


def is_version_2() -> bool:
    return (ROOT / "cgroup.controllers").exists()


def _hierarchies() -> list[Path]:
    """The mount points under which a node needs its group."""
    if is_version_2():
        return [ROOT]
    points = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if kind in {"cgroup", "cgroup2"}:
            points.append(Path(point))
    return points


def make_cgroup(name: str, for_pods: bool = True) -> None:
    """Makes a group in every hierarchy.

    Args:
        for_pods: hands every controller on to groups below it, as the kubelet wants it of its root.
            Version 2 then accepts no process in the group itself.

    Raises DevclusterError where the machine has no cgroups to write to.
    """
    hierarchies = _hierarchies()
    if not hierarchies:
        raise DevclusterError("No cgroup file system is mounted under /sys/fs/cgroup.")
    for hierarchy in hierarchies:
        group = hierarchy / name
        try:
            if is_version_2() and for_pods:
                _enable_controllers(hierarchy)
            group.mkdir(exist_ok=True)
        except OSError as error:
            raise DevclusterError(
                f"The cgroup {group} cannot be made: {error.strerror}."
            ) from error
        if is_version_2() and for_pods:
            _enable_controllers(group)
        # In version 1 a new cpuset is empty, and no process can enter it like that.
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if not is_version_2() and (hierarchy / setting).exists():
                (group / setting).write_text((hierarchy / setting).read_text())


def enter_cgroup(cluster: Cluster) -> list[str]:
    """The start of a command line that puts a program into the cluster's own group.

    Otherwise it would stay in the caller's, be counted there and end where a session's processes
    are ended with it. Empty without root: there is no right to it.
    """
    if os.geteuid() != 0:
        return []
    files = [
        str(hierarchy / cluster.cgroup("programs") / "cgroup.procs") for hierarchy in _hierarchies()
    ]
    script = "".join(f"echo $$ > {shlex.quote(file)}\n" for file in files)
    return ["sh", "-ec", f'{script}exec "$@"', "devcluster"]


def _enable_controllers(group: Path) -> None:
    """Hands every controller on to the group's children, one by one as some may be refused."""
    for controller in (group / "cgroup.controllers").read_text().split():
        with contextlib.suppress(OSError):
            (group / "cgroup.subtree_control").write_text(f"+{controller}")


def remove_cgroups(cluster: Cluster, timeout: float = 20) -> None:
    """Removes all groups of the cluster's nodes. Their processes must have been ended before.

    Raises DevclusterError where the kernel still holds one after `timeout` seconds.
    """
    end = time.monotonic() + timeout
    for hierarchy in _hierarchies():
        for group in hierarchy.glob(f"{cluster.comment}-*"):
            for folder in [*sorted(_folders(group), key=lambda path: -len(path.parts)), group]:
                _remove(folder, end)


def _folders(group: Path) -> list[Path]:
    return [path for path in group.rglob("*") if path.is_dir()]


def _remove(folder: Path, end: float) -> None:
    while True:
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            # The last process leaves its group a moment after it can no longer be seen.
            if time.monotonic() > end:
                raise DevclusterError(
                    f"The cgroup {folder} cannot be removed: {error.strerror}."
                ) from error
            time.sleep(0.02)
        else:
            return
