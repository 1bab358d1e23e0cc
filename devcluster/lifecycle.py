"""What the commands do: bringing a cluster up, taking it down, saying how it is."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from devcluster.api import Api, node_is_ready
from devcluster.binaries import Binaries, ensure_binaries
from devcluster.certificates import make_certificates
from devcluster.cgroups import PROGRAMS, make_cgroup
from devcluster.clusters import Cluster, State, cache_root
from devcluster.controlplane import Endpoint, free_port, start_control_plane
from devcluster.errors import ComponentFailed, DevclusterError
from devcluster.network import machine_lock, make_network
from devcluster.nodes import NODES, PRIVATE, Node, open_node, start_containerd, start_node
from devcluster.packages import ensure_packages
from devcluster.processes import is_ours, log_file, tail, wait_for
from devcluster.teardown import remove

# Ctrl-C, `kill` and a terminal that closes: all of them end a command in good order.
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOPBACK_SERVICES = "10.96.0.0/16"


@dataclass
class Status:
    """How a cluster is. `problems` is empty where all is well."""

    name: str
    kubeconfig: str
    server: str = ""
    nodes: dict[str, bool] = field(default_factory=dict)
    components: dict[str, bool] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def status(cluster: Cluster) -> Status | None:
    """Looks at the processes and asks the API server; None where there is no such cluster."""
    state = State.read(cluster)
    if state is None:
        return None
    found = Status(cluster.name, str(cluster.kubeconfig), state.server)
    found.components = {name: is_ours(cluster, pid) for name, pid in state.processes.items()}
    found.problems = [
        f"{name} does not run (log: {log_file(cluster, name)})"
        for name, alive in found.components.items()
        if not alive
    ]
    if not state.complete:
        found.problems.append("`up` did not end")
        return found
    api = Api(cluster, state.server)
    if not api.ready():
        found.problems.append("the API server is not ready")
        return found
    listed = api.nodes() or {}
    found.nodes = {name: node_is_ready(listed.get(name, {})) for name in state.nodes}
    found.problems += [f"{name} is not ready" for name, ready in found.nodes.items() if not ready]
    return found


def up(cluster: Cluster, control_plane: bool) -> None:
    """Brings a cluster up; says so at once where it already runs.

    What a broken or killed cluster of the same name has left is removed first. A failure, or
    Ctrl-C, removes what had been started. Raises DevclusterError.
    """
    if not control_plane:
        _check_for_nodes(cluster)
    binaries = ensure_binaries()
    with machine_lock(cluster.id):
        before = status(cluster)
        if before is not None and not before.problems:
            if control_plane == bool(before.nodes):
                kind = "nodes" if before.nodes else "a control plane only"
                raise DevclusterError(
                    f"Cluster {cluster.name} already runs with {kind}: `down` it first."
                )
            print(f"Cluster {cluster.name} already runs: {_nodes(before.nodes)}.")
            print(f"export KUBECONFIG={cluster.kubeconfig}")
            return
        if before is not None:
            print(f"Rebuilding cluster {cluster.name}: {'; '.join(before.problems)}.", flush=True)
        remove(cluster)
        if not control_plane:
            ensure_packages()
        began = time.monotonic()
        with _cleanup_on_failure(cluster):
            cluster.folder.mkdir(parents=True, mode=0o755)
            if os.geteuid() == 0:
                make_cgroup(cluster.cgroup(PROGRAMS), for_pods=False)
            if control_plane:
                _start_control_plane_alone(cluster, binaries)
            else:
                _start_all(cluster, binaries)
        print(f"Cluster {cluster.name} is ready after {time.monotonic() - began:.1f} s.")
        print(f"export KUBECONFIG={cluster.kubeconfig}")


def _check_for_nodes(cluster: Cluster) -> None:
    if os.geteuid() != 0:
        raise DevclusterError("Nodes need root. Without it, use `up --control-plane`.")
    for path, variable in ((cluster.folder, "XDG_STATE_HOME"), (cache_root(), "XDG_CACHE_HOME")):
        for hidden in PRIVATE:
            if path.resolve().is_relative_to(hidden):
                raise DevclusterError(
                    f"{path} is under {hidden}, which a node cannot see: set {variable} to "
                    "another place."
                )


def _start_control_plane_alone(cluster: Cluster, binaries: Binaries) -> None:
    state = State(binaries=str(binaries.folder))
    endpoint = Endpoint("127.0.0.1", free_port(), LOOPBACK_SERVICES)
    make_certificates(cluster, binaries, ["127.0.0.1"], {})
    start_control_plane(cluster, state, binaries, endpoint)
    state.complete = True
    state.save(cluster)


def _start_all(cluster: Cluster, binaries: Binaries) -> None:
    state = State(binaries=str(binaries.folder))
    network = make_network(cluster)
    # The first address of the Services' range is that of the API server for pods.
    service = network.services.split("/")[0].removesuffix(".0") + ".1"
    addresses = {node.name: network.node(node.name) for node in NODES}
    make_certificates(cluster, binaries, [network.machine, service], addresses)
    for node in NODES:
        open_node(cluster, state, binaries, network, node)
        start_containerd(cluster, state, network, node)
    # Its address belongs to the cluster alone, so the usual port is free.
    endpoint = Endpoint(network.machine, 6443, network.services)
    api = start_control_plane(cluster, state, binaries, endpoint)
    for node in NODES:
        start_node(cluster, state, binaries, network, node)
    for node in NODES:
        wait_for(cluster, state, f"{node.name}/kubelet", _usable(api, node), timeout=120)
    state.complete = True
    state.save(cluster)


def _usable(api: Api, node: Node) -> Callable[[], bool]:
    """Whether the node is ready and offers all its devices."""

    def usable() -> bool:
        found = (api.nodes() or {}).get(node.name, {})
        offered = found.get("status", {}).get("allocatable", {})
        devices = all(offered.get(name) == str(count) for name, count in node.devices.items())
        return node_is_ready(found) and devices

    return usable


@contextmanager
def _cleanup_on_failure(cluster: Cluster) -> Iterator[None]:
    """Removes the cluster where the block fails or is interrupted."""
    try:
        yield
    except BaseException as error:
        # A second Ctrl-C would leave the rest.
        for number in INTERRUPTS:
            signal.signal(number, signal.SIG_IGN)
        last = tail(error.log) if isinstance(error, ComponentFailed) else ""
        print(f"Removing what was started of cluster {cluster.name}.", flush=True)
        remove(cluster, keep_logs=True)
        if isinstance(error, ComponentFailed):
            log: Path = cluster.failed_logs / error.log.name
            raise DevclusterError(f"{error}\n{last}\nThe whole log: {log}") from error
        raise


def down(cluster: Cluster) -> None:
    """Removes a cluster and all it left; says so where there is none."""
    with machine_lock(cluster.id):
        existed = remove(cluster)
    print(f"Cluster {cluster.name} is gone." if existed else f"There is no cluster {cluster.name}.")


def _nodes(nodes: dict[str, bool]) -> str:
    return ", ".join(f"{name} ready" for name in nodes) or "control plane only"
