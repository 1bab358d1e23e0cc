"""Driving the devcluster command as a user does, and looking at what it leaves on the machine."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devcluster.binaries import find_binaries
from devcluster.clusters import Cluster

REPOSITORY = Path(__file__).parents[2]
NOBODY = 65534
# Folders that Kubernetes' programs would like to have on the machine itself.
NODE_FOLDERS = (
    "/var/lib/kubelet",
    "/var/lib/cni",
    "/run/containerd",
    "/run/netns",
    "/var/log/pods",
    "/var/log/containers",
    "/etc/cni/net.d",
    "/opt/containerd",
)


@dataclass
class Command:
    """`python3 -m devcluster … --name NAME` with a name of the test's own."""

    python: str = sys.executable
    folder: Path = REPOSITORY
    environment: Mapping[str, str] = field(default_factory=dict)
    user: int | None = None
    name: str = field(default_factory=lambda: f"test-{secrets.token_hex(3)}")

    @property
    def cluster(self) -> Cluster:
        state = self.environment.get("XDG_STATE_HOME")
        if state:
            return Cluster(self.name, Path(state) / "eg-ext" / "devcluster" / self.name)
        return Cluster.named(self.name)

    def line(self, command: str, *arguments: str) -> list[str]:
        return [self.python, "-m", "devcluster", command, "--name", self.name, *arguments]

    def start(self, command: str, *arguments: str) -> subprocess.Popen[str]:
        identity: dict[str, Any] = (
            {} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}
        )
        return subprocess.Popen(
            self.line(command, *arguments),
            cwd=self.folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **identity,
        )

    def __call__(self, command: str, *arguments: str, code: int = 0) -> str:
        """Runs a command to its end and returns all it printed; asserts its exit code."""
        process = self.start(command, *arguments)
        try:
            output, _ = process.communicate(timeout=200)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == code, output
        return output

    def get(self, *arguments: str) -> Any:
        """What `kubectl get … --output json` says."""
        return json.loads(self("kubectl", "get", "--output", "json", *arguments))

    def apply(self, *manifests: dict[str, Any]) -> None:
        path = self.cluster.folder / f"{secrets.token_hex(4)}.json"
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [*manifests]}))
        self("kubectl", "create", "--filename", str(path))

    def wait(self, kind: str, name: str, condition: str) -> None:
        self("kubectl", "wait", f"{kind}/{name}", f"--for={condition}", "--timeout=60s")


def without_rights(folder: Path) -> Command:
    """The command as a user who is not root, with a state and cache of its own in `folder`."""
    binaries = find_binaries()
    assert binaries is not None
    folder.chmod(0o755)
    cache = folder / "cache" / "eg-ext" / "devcluster" / binaries.folder.name
    shutil.copytree(binaries.folder, cache)
    package = folder / "package" / "devcluster"
    shutil.copytree(
        REPOSITORY / "devcluster", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    state = folder / "state"
    state.mkdir()
    environment = {
        "XDG_STATE_HOME": str(state),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "HOME": "/nonexistent",
    }
    if os.geteuid() != 0:
        return Command(folder=package.parent, environment=environment)
    os.chown(state, NOBODY, NOBODY)
    # The tests' own Python may be in root's home.
    return Command("/usr/bin/python3", package.parent, environment, NOBODY)


def processes_of(cluster: Cluster) -> set[str]:
    """Everything that runs and names the cluster's folder or group, containers included."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            about = (process / "environ").read_bytes() + (process / "cgroup").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if str(cluster.folder).encode() + b"\0" in about or cluster.comment.encode() in about:
            found.add(f"process {process.name}")
    return found


def traces(cluster: Cluster) -> set[str]:
    """All that is seen of a cluster on the machine."""
    found = processes_of(cluster)
    for path in Path("/proc/mounts").read_text().splitlines():
        if str(cluster.folder) in path:
            found.add(f"mount {path}")
    for group in Path("/sys/fs/cgroup").glob(f"*/{cluster.comment}*"):
        found.add(f"cgroup {group}")
    for group in Path("/sys/fs/cgroup").glob(f"{cluster.comment}*"):
        found.add(f"cgroup {group}")
    for command in (["ip", "-o", "link"], ["ip", "route"], ["iptables-save"]):
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found |= {line for line in output.splitlines() if cluster.id in line}
    found |= {str(path) for path in cluster.folder.parent.glob(f"{cluster.name}*")}
    return found


def machine() -> dict[str, object]:
    """What a cluster could change on the machine as a whole, without what other clusters own."""
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    links = json.loads(
        subprocess.run(["ip", "-json", "link"], capture_output=True, check=True).stdout
    )
    settings = (
        "vm/overcommit_memory",
        "kernel/panic",
        "kernel/panic_on_oops",
        "kernel/keys/root_maxkeys",
    )
    return {
        "rules": sorted(
            line
            for line in rules.splitlines()
            if line.startswith("-A") and "eg-ext-devcluster-" not in line
        ),
        "links": sorted(
            link["ifname"] for link in links if not re.match(r"egx[0-9a-f]{8}", link["ifname"])
        ),
        "folders": [folder for folder in NODE_FOLDERS if Path(folder).exists()],
        "settings": {name: Path("/proc/sys", name).read_text() for name in settings},
    }


def pod(name: str, image: str, **spec: Any) -> dict[str, Any]:
    """A small pod. `container` is merged into its only container, all else into its spec."""
    container = {"name": "main", "image": image, **spec.pop("container", {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [container], **spec},
    }
