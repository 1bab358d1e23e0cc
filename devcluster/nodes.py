"""A node: containerd, a kubelet and kube-proxy in namespaces of their own.

Each node has its own mount, process, network, host-name and IPC namespaces, as a machine of its own
would: the kubelet's fixed paths and ports, container mounts, interfaces and iptables rules are
inside. They all hang on one process, the node's init. When it ends, the kernel ends every process
of the node and drops every mount and rule with the namespaces. That is why `down` can leave
nothing.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from devcluster import settings
from devcluster.binaries import Binaries
from devcluster.certificates import write_kubeconfig
from devcluster.cgroups import make_cgroup
from devcluster.clusters import Cluster, State
from devcluster.errors import DevclusterError
from devcluster.images import import_archive, write_archive
from devcluster.network import Network, plug_in
from devcluster.packages import cni_folder
from devcluster.processes import inside, is_ours, run, start, wait_for

REGION = "us-east-1"
PAUSE_IMAGE = "localhost/eg-ext-devcluster/pause:1"
# Folders of the machine that a node must not see or touch; it gets its own.
PRIVATE = ("/run", "/var/lib", "/var/log")
# Folders in them that must be on a real disk: path in the node → name in the node's folder.
KEPT = {
    "/var/lib/containerd": "containerd",
    "/var/lib/kubelet": "kubelet",
    "/var/lib/cni": "cni",
    "/var/log/pods": "pods",
}


@dataclass(frozen=True)
class Node:
    """What makes a node differ from another."""

    name: str
    labels: dict[str, str]
    taints: list[dict[str, str]] = field(default_factory=list)
    devices: dict[str, int] = field(default_factory=dict)


def _labels(zone: str, instance_type: str, capacity_type: str, **more: str) -> dict[str, str]:
    return {
        "node.kubernetes.io/instance-type": instance_type,
        "karpenter.sh/capacity-type": capacity_type,
        "topology.kubernetes.io/region": REGION,
        "topology.kubernetes.io/zone": REGION + zone,
        **more,
    }


NODES = (
    Node("node-1", _labels("a", "m6i.large", "on-demand")),
    Node(
        "gpu-1",
        _labels("b", "g5.xlarge", "spot", **{"nvidia.com/gpu.product": "NVIDIA-A10G"}),
        [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}],
        {"nvidia.com/gpu": 2},
    ),
)


def open_node(
    cluster: Cluster, state: State, binaries: Binaries, network: Network, node: Node
) -> None:
    """Makes the node's namespaces, mounts, cgroup and interface; notes its first process' id.

    Raises DevclusterError where the kernel refuses one of them.
    """
    folder = cluster.node_folder(node.name)
    for kept in KEPT.values():
        (folder / kept).mkdir(parents=True)
    make_cgroup(cluster.cgroup(node.name))
    namespaces = ["--mount", "--mount-proc", "--propagation=private", "--pid", "--net", "--uts"]
    command = ["unshare", *namespaces, "--ipc", "--fork", "--kill-child", binaries["pause"]]
    component = f"{node.name}/init"
    outer = start(cluster, state, component, command)
    children = Path(f"/proc/{outer}/task/{outer}/children")

    def pid() -> int:
        """The child of `unshare` once it is the init program: then all namespaces are ready."""
        try:
            child = int(children.read_text().split()[0])
            program = Path(f"/proc/{child}/exe").readlink()
        except (OSError, IndexError):
            return 0
        return child if program.name == "pause" else 0

    wait_for(cluster, state, component, lambda: pid() != 0, timeout=20)
    init = pid()
    state.nodes[node.name] = init
    state.save(cluster)
    run(inside(init, ["sh", "-ec", _mounts(folder, node.name)]))
    plug_in(cluster, network, node.name, init)


def _mounts(folder: Path, name: str) -> str:
    """The shell script that makes the node's own view of the machine's files."""
    lines = [f"hostname {name}"]
    for path, content in settings.node_files().items():
        source = folder / "files" / path.lstrip("/")
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(content)
    lines += [f"mount -t tmpfs -o mode=755 tmpfs {path}" for path in PRIVATE]
    for path, kept in KEPT.items():
        lines.append(f"mkdir -p {path} && mount --bind {shlex.quote(str(folder / kept))} {path}")
    lines.append("mkdir -p /var/log/containers /run/netns /run/lock")
    for path in settings.node_files():
        shown = shlex.quote(str(folder / "files" / path.lstrip("/")))
        # The machine's file may be a link into /run, which is empty now.
        lines.append(
            f"target=$(readlink -m {path}); mkdir -p $(dirname $target); "
            f"[ -e $target ] || touch $target; mount --bind {shown} $target"
        )
    lines.append("echo 1 > /proc/sys/net/ipv4/ip_forward")
    # As systemd has it on a real node; pods that ask for mount propagation need it.
    lines.append("mount --make-rshared /")
    return "\n".join(lines)


def start_containerd(cluster: Cluster, state: State, network: Network, node: Node) -> None:
    plugins = cni_folder()
    if plugins is None:
        raise DevclusterError("The CNI plugins are not installed.")
    folder = cluster.node_folder(node.name)
    (folder / "cni.d").mkdir()
    (folder / "cni.d" / "10-devcluster.conflist").write_text(
        settings.cni(network.pods_of(node.name))
    )
    config = folder / "containerd.toml"
    config.write_text(settings.containerd(plugins, folder / "cni.d", PAUSE_IMAGE))
    proxies = {
        key: value
        for key, value in os.environ.items()
        if key.lower() in {"http_proxy", "https_proxy", "no_proxy"}
    }
    command = inside(state.nodes[node.name], ["containerd", "--config", str(config)])
    # Pulling images is the one thing that leaves the machine.
    start(cluster, state, f"{node.name}/containerd", command, proxies)


def start_node(
    cluster: Cluster, state: State, binaries: Binaries, network: Network, node: Node
) -> None:
    """Starts what runs pods on an open node whose containerd has been started.

    Raises ComponentFailed where containerd does not come up.
    """
    init = state.nodes[node.name]
    component = f"{node.name}/containerd"
    archive = write_archive(cluster.folder / "pause.tar", PAUSE_IMAGE, Path(binaries["pause"]))
    wait_for(cluster, state, component, lambda: _answers(init), timeout=60)
    import_archive(init, archive)

    _start_kubelet(cluster, state, binaries, network, node)
    _start_proxy(cluster, state, binaries, network, node)
    _start_coredns(cluster, state, binaries, network, node)
    for resource, count in node.devices.items():
        plugin = [binaries["deviceplugin"], f"-resource={resource}", f"-count={count}"]
        start(cluster, state, f"{node.name}/deviceplugin", inside(init, plugin))


def _start_kubelet(
    cluster: Cluster, state: State, binaries: Binaries, network: Network, node: Node
) -> None:
    config = cluster.node_folder(node.name) / "kubelet.json"
    config.write_text(
        settings.kubelet(
            certificates=cluster.certificates,
            name=node.name,
            address=network.node(node.name),
            cgroup=cluster.cgroup(node.name),
            taints=node.taints,
        )
    )
    command = [
        *binaries.kubernetes("kubelet"),
        f"--config={config}",
        f"--kubeconfig={_kubeconfig(cluster, state, node.name)}",
        f"--hostname-override={node.name}",
        f"--node-ip={network.node(node.name)}",
        "--node-labels=" + ",".join(f"{key}={value}" for key, value in node.labels.items()),
    ]
    start(cluster, state, f"{node.name}/kubelet", inside(state.nodes[node.name], command))


def _start_proxy(
    cluster: Cluster, state: State, binaries: Binaries, network: Network, node: Node
) -> None:
    command = [
        *binaries.kubernetes("proxy"),
        f"--kubeconfig={_kubeconfig(cluster, state, 'proxy')}",
        f"--hostname-override={node.name}",
        "--proxy-mode=iptables",
        f"--cluster-cidr={network.pods}",
        # These would change settings of the whole machine.
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
    ]
    start(cluster, state, f"{node.name}/proxy", inside(state.nodes[node.name], command))


def _start_coredns(
    cluster: Cluster, state: State, binaries: Binaries, network: Network, node: Node
) -> None:
    config = cluster.node_folder(node.name) / "Corefile"
    kubeconfig = _kubeconfig(cluster, state, "coredns")
    config.write_text(settings.corefile(network.node(node.name), kubeconfig))
    command = [*binaries.kubernetes("coredns"), "-conf", str(config)]
    start(cluster, state, f"{node.name}/coredns", inside(state.nodes[node.name], command))


def _kubeconfig(cluster: Cluster, state: State, who: str) -> Path:
    path = cluster.certificates / f"{who}.kubeconfig"
    return write_kubeconfig(cluster, state.server, who, path)


def _answers(init: int) -> bool:
    """Whether the node's containerd answers."""
    try:
        run(inside(init, ["ctr", "--connect-timeout", "2s", "version"]), timeout=10)
    except DevclusterError:
        return False
    return True


def running_nodes(cluster: Cluster, state: State) -> dict[str, int]:
    """The nodes whose first process runs."""
    return {name: pid for name, pid in state.nodes.items() if is_ours(cluster, pid)}
