"""What a node needs of the machine's own packages."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from devcluster.errors import DevclusterError
from devcluster.processes import PATH, run

# Program or file that must be there → Debian package that brings it.
NEEDED = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "mount": "mount",
    "nsenter": "util-linux",
    "unshare": "util-linux",
}
CNI_PLUGINS = ("ptp", "host-local", "portmap", "loopback")
CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))


def cni_folder() -> Path | None:
    """The folder that holds all CNI plugins that a node uses."""
    for folder in CNI_FOLDERS:
        if all((folder / plugin).exists() for plugin in CNI_PLUGINS):
            return folder
    return None


def missing_packages() -> list[str]:
    """The Debian packages that are needed and not there."""
    missing = {
        package for program, package in NEEDED.items() if shutil.which(program, path=PATH) is None
    }
    if cni_folder() is None:
        missing.add("containernetworking-plugins")
    return sorted(missing)


def ensure_packages() -> None:
    """Installs what is missing with apt-get.

    Raises DevclusterError where there is no apt-get, or where it fails.
    """
    missing = missing_packages()
    if not missing:
        return
    install(missing, "a node")
    if still := missing_packages():
        raise DevclusterError(f"apt-get installed no {' '.join(still)}.")


def install(packages: list[str], user: str) -> None:
    """Installs Debian packages with apt-get, which needs root; `user` says what needs them.

    Raises DevclusterError where there is no apt-get, or where it fails.
    """
    words = " ".join(packages)
    if shutil.which("apt-get", path=PATH) is None or os.geteuid() != 0:
        raise DevclusterError(
            f"Install these Debian packages, or what they hold, for {user}: {words}."
        )
    print(f"Installing {words} with apt-get.", flush=True)
    # Another apt-get may be at work on a machine that has just been set up.
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    apt += ["-o", "DPkg::Lock::Timeout=300", "--quiet", "--yes"]
    run([*apt, "update"], timeout=600)
    run([*apt, "install", "--no-install-recommends", *packages], timeout=1200)
