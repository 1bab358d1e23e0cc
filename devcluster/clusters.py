"""What a cluster is called and where its things are, and what is remembered about it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from devcluster.errors import DevclusterError

DEFAULT_NAME = "eg-ext"
# An environment variable in everything that a cluster starts: it tells our processes from others
# even where no record of them is left.
MARKER = "EG_EXT_DEVCLUSTER"


def _base(variable: str, fallback: str) -> Path:
    """An XDG base folder; a relative value is ignored, as the XDG specification has it."""
    value = os.environ.get(variable, "")
    root = Path(value) if value.startswith("/") else Path.home() / fallback
    return root / "eg-ext" / "devcluster"


def state_root() -> Path:
    return _base("XDG_STATE_HOME", ".local/state")


def cache_root() -> Path:
    return _base("XDG_CACHE_HOME", ".cache")


@dataclass(frozen=True)
class Cluster:
    """The names of one cluster. Everything follows from `name` and the state folder.

    Nothing here is stored, so that a cluster can be cleaned up with no record of it.
    """

    name: str
    folder: Path

    @classmethod
    def named(cls, name: str) -> Cluster:
        """Raises DevclusterError where `name` is not made of a-z, 0-9 and inner hyphens."""
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", name):
            raise DevclusterError(
                f"{name!r} cannot name a cluster: use at most 40 of a-z, 0-9 and inner hyphens."
            )
        return cls(name, state_root() / name)

    @property
    def id(self) -> str:
        """Eight hexadecimal digits, unique on the machine: one name may exist in two homes."""
        return hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]

    @property
    def bridge(self) -> str:
        """The machine's side of the cluster's network (an interface name has 15 characters)."""
        return f"egx{self.id}"

    @property
    def comment(self) -> str:
        """The comment that marks the cluster's iptables rules."""
        return f"eg-ext-devcluster-{self.id}"

    def cgroup(self, node: str) -> str:
        return f"{self.comment}-{node}"

    @property
    def marker(self) -> str:
        return f"{MARKER}={self.folder}"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def certificates(self) -> Path:
        return self.folder / "certificates"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def failed_logs(self) -> Path:
        """Where the logs of an `up` that failed are kept until the next `up` or `down`."""
        return self.folder.parent / f"{self.name}.failed"

    def node_folder(self, node: str) -> Path:
        return self.folder / "nodes" / node


@dataclass
class State:
    """What `up` remembers: enough to answer `status`, never needed by `down`.

    Attributes:
        server: URL of the API server.
        nodes: node name → process id of the node's first process; empty with --control-plane.
        processes: component → process id, all of them on the machine's own count.
        binaries: folder of the programs that the cluster runs.
    """

    server: str = ""
    nodes: dict[str, int] = field(default_factory=dict)
    processes: dict[str, int] = field(default_factory=dict)
    binaries: str = ""
    complete: bool = False

    def save(self, cluster: Cluster) -> None:
        path = cluster.folder / "state.json"
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self), indent=2) + "\n")
        partial.replace(path)

    @classmethod
    def read(cls, cluster: Cluster) -> State | None:
        """None where there is no such cluster, or where its record is unreadable."""
        try:
            content: dict[str, Any] = json.loads((cluster.folder / "state.json").read_text())
            return cls(**content)
        except (FileNotFoundError, ValueError, TypeError):
            return None
