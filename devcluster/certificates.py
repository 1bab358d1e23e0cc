"""The cluster's own certificate authority, and the kubeconfigs that trust it alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path

from devcluster.binaries import Binaries
from devcluster.clusters import Cluster
from devcluster.processes import run

# The names by which programs in pods know the API server.
SERVICE_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


def make_certificates(
    cluster: Cluster, binaries: Binaries, server_hosts: Sequence[str], nodes: dict[str, str]
) -> None:
    """Makes all keys and certificates of a cluster.

    Args:
        server_hosts: addresses under which the API server is called, beside its Service's names.
        nodes: node name → IP address.
    """
    cluster.certificates.mkdir(parents=True, mode=0o700)

    def entry(
        name: str, common_name: str, organizations: Sequence[str] = (), hosts: Sequence[str] = ()
    ) -> dict[str, object]:
        return {
            "name": name,
            "commonName": common_name,
            "organizations": [*organizations],
            "hosts": [*hosts],
        }

    request = [
        entry("etcd", "etcd", hosts=["127.0.0.1", "localhost"]),
        entry("etcd-client", "apiserver"),
        entry("apiserver", "kube-apiserver", hosts=[*SERVICE_NAMES, "localhost", *server_hosts]),
        entry("kubelet-client", "kube-apiserver-kubelet-client", ["system:masters"]),
        entry("admin", "admin", ["system:masters"]),
        entry("controllers", "system:kube-controller-manager"),
        entry("scheduler", "system:kube-scheduler"),
        entry("proxy", "system:kube-proxy"),
        # The role that Kubernetes has for DNS does not cover EndpointSlices.
        entry("coredns", "coredns", ["system:masters"]),
    ]
    for node, address in nodes.items():
        request.append(entry(node, f"system:node:{node}", ["system:nodes"], [node, address]))
    run([binaries["certificates"], str(cluster.certificates)], text=json.dumps(request))


def write_kubeconfig(cluster: Cluster, server: str, who: str, path: Path) -> Path:
    """Writes a kubeconfig (JSON is YAML) that holds all it needs; readable by the owner alone."""

    def data(name: str) -> str:
        return base64.b64encode((cluster.certificates / name).read_bytes()).decode()

    name = cluster.name if cluster.name.startswith("eg-ext") else f"eg-ext-{cluster.name}"
    user = {"client-certificate-data": data(f"{who}.crt"), "client-key-data": data(f"{who}.key")}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": name,
                "cluster": {"server": server, "certificate-authority-data": data("ca.crt")},
            }
        ],
        "users": [{"name": f"{who}@{name}", "user": user}],
        "contexts": [
            {
                "name": name,
                "context": {"cluster": name, "user": f"{who}@{name}", "namespace": "default"},
            }
        ],
        "current-context": name,
    }
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path
