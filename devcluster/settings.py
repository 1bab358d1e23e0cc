"""The configuration files of a node's programs, as text."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

MAX_PODS = 250
# The kernel settings that the kubelet insists on. They belong to the whole machine, so the node is
# shown files with the wanted values, and the machine's own stay as they are.
KERNEL_SETTINGS = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}
CAP_SYS_RESOURCE = 24


def node_files() -> dict[str, str]:
    """Files that a node sees in place of the machine's: path → content."""
    files = {f"/proc/sys/{name}": f"{value}\n" for name, value in KERNEL_SETTINGS.items()}
    files["/etc/resolv.conf"] = _resolv_conf()
    return files


def _resolv_conf() -> str:
    """The machine's name servers. systemd's stub on loopback cannot be reached from a node."""
    for path in (Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf")):
        if path.exists():
            return path.read_text()
    return ""


def may_lower_oom_scores() -> bool:
    """Whether this process may make others less likely to be killed when memory is short."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> CAP_SYS_RESOURCE & 1)
    return False


def containerd(cni_plugins: Path, cni_config: Path, pause_image: str) -> str:
    restrict = str(not may_lower_oom_scores()).lower()
    return f"""\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
address = "/run/containerd/containerd.sock"

[plugins."io.containerd.internal.v1.opt"]
path = "/var/lib/containerd/opt"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause_image}"
restrict_oom_score_adj = {restrict}
# Its profile would be loaded into the machine's kernel and stay there.
disable_apparmor = true

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{cni_plugins}"
conf_dir = "{cni_config}"
"""


def cni(pods: str) -> str:
    """A cable to each pod and a route on the node, no bridge: `pods` is the node's CIDR."""
    plugins = [
        {
            "type": "ptp",
            "ipMasq": False,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": pods}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return json.dumps({"cniVersion": "0.4.0", "name": "devcluster", "plugins": plugins}, indent=2)


def kubelet(
    certificates: Path, name: str, address: str, cgroup: str, taints: list[dict[str, str]]
) -> str:
    """A KubeletConfiguration. `cgroup` is the name of the node's own control group."""
    hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = 1_000_000 if hard_limit == resource.RLIM_INFINITY else min(hard_limit, 1_000_000)
    config: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        # The API server calls here for logs and exec.
        "address": address,
        "tlsCertFile": str(certificates / f"{name}.crt"),
        "tlsPrivateKeyFile": str(certificates / f"{name}.key"),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(certificates / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        # The node's own CoreDNS.
        "clusterDNS": [address],
        "clusterDomain": "cluster.local",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "localStorageCapacityIsolation": True,
        "maxOpenFiles": files,
        "maxPods": MAX_PODS,
        "registerWithTaints": taints,
        "resolvConf": "/etc/resolv.conf",
        # A full disk is the machine's matter; loaded images could not be pulled again.
        "evictionHard": {"memory.available": "100Mi"},
        "imageGCHighThresholdPercent": 100,
        "serializeImagePulls": False,
        # The defaults slow down a burst of pods on purpose.
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "eventRecordQPS": 200,
        "eventBurst": 400,
    }
    return json.dumps(config, indent=2)


def corefile(address: str, kubeconfig: Path) -> str:
    """CoreDNS for one node: the cluster's names, and the machine's servers for all others."""
    known = any(line.startswith("nameserver") for line in _resolv_conf().splitlines())
    forward = "forward . /etc/resolv.conf" if known else ""
    return f"""\
.:53 {{
    bind {address}
    errors
    cache 30
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        kubeconfig {kubeconfig}
        ttl 5
        fallthrough in-addr.arpa ip6.arpa
    }}
    {forward}
}}
"""
