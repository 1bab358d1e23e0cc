"""etcd, the API server, the controllers and the scheduler. None of them needs root."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from devcluster.api import Api
from devcluster.binaries import Binaries
from devcluster.certificates import write_kubeconfig
from devcluster.clusters import Cluster, State
from devcluster.processes import start, wait_for


@dataclass(frozen=True)
class Endpoint:
    """Where the API server listens and which addresses its cluster uses.

    Attributes:
        address: an IP address of this machine; pods reach it too, unless it is loopback.
        service_range: CIDR of the Services' addresses.
    """

    address: str
    port: int
    service_range: str

    @property
    def url(self) -> str:
        return f"https://{self.address}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        return self.address.startswith("127.")


def free_port(address: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def start_control_plane(
    cluster: Cluster, state: State, binaries: Binaries, endpoint: Endpoint
) -> Api:
    """Starts everything but nodes and waits until the API server is ready.

    Writes the administrator's kubeconfig. Raises ComponentFailed.
    """
    etcd = _start_etcd(cluster, state, binaries)
    start(cluster, state, "apiserver", _apiserver(cluster, binaries, etcd, endpoint))
    state.server = endpoint.url
    state.save(cluster)
    write_kubeconfig(cluster, endpoint.url, "admin", cluster.kubeconfig)
    api = Api(cluster, endpoint.url)
    wait_for(cluster, state, "apiserver", api.ready, timeout=90)

    certificates = cluster.certificates
    for component in ("controllers", "scheduler"):
        kubeconfig = write_kubeconfig(
            cluster, endpoint.url, component, certificates / f"{component}.kubeconfig"
        )
        command = [
            *binaries.kubernetes(component),
            f"--kubeconfig={kubeconfig}",
            "--leader-elect=false",
            # No metrics or profiles are asked for: not listening leaves ports alone.
            "--secure-port=0",
            # The defaults slow down a burst of pods on purpose.
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
        ]
        if component == "controllers":
            command += [
                f"--service-account-private-key-file={certificates / 'service-accounts.key'}",
                "--use-service-account-credentials",
                f"--root-ca-file={certificates / 'ca.crt'}",
                f"--cluster-signing-cert-file={certificates / 'ca.crt'}",
                f"--cluster-signing-key-file={certificates / 'ca.key'}",
            ]
        start(cluster, state, component, command)
    # A pod is refused before its namespace has this account, which the controllers make.
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    wait_for(cluster, state, "controllers", lambda: api.json(account) is not None, timeout=60)
    return api


def _start_etcd(cluster: Cluster, state: State, binaries: Binaries) -> str:
    """Starts etcd and returns its URL; the API server waits for it by itself."""
    certificates = cluster.certificates
    client = f"https://127.0.0.1:{free_port()}"
    peer = f"http://127.0.0.1:{free_port()}"
    command = [
        *binaries.kubernetes("etcd"),
        "--name=devcluster",
        f"--data-dir={cluster.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=devcluster={peer}",
        f"--cert-file={certificates / 'etcd.crt'}",
        f"--key-file={certificates / 'etcd.key'}",
        f"--trusted-ca-file={certificates / 'ca.crt'}",
        "--client-cert-auth",
        "--log-level=warn",
        # The data does not outlive the cluster, so there is nothing to save from a power cut.
        "--unsafe-no-fsync",
    ]
    start(cluster, state, "etcd", command)
    return client


def _apiserver(cluster: Cluster, binaries: Binaries, etcd: str, endpoint: Endpoint) -> list[str]:
    certificates = cluster.certificates
    command = [
        *binaries.kubernetes("apiserver"),
        f"--etcd-servers={etcd}",
        f"--etcd-cafile={certificates / 'ca.crt'}",
        f"--etcd-certfile={certificates / 'etcd-client.crt'}",
        f"--etcd-keyfile={certificates / 'etcd-client.key'}",
        f"--bind-address={endpoint.address}",
        f"--secure-port={endpoint.port}",
        f"--tls-cert-file={certificates / 'apiserver.crt'}",
        f"--tls-private-key-file={certificates / 'apiserver.key'}",
        f"--client-ca-file={certificates / 'ca.crt'}",
        f"--kubelet-certificate-authority={certificates / 'ca.crt'}",
        f"--kubelet-client-certificate={certificates / 'kubelet-client.crt'}",
        f"--kubelet-client-key={certificates / 'kubelet-client.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={certificates / 'service-accounts.key'}",
        f"--service-account-signing-key-file={certificates / 'service-accounts.key'}",
        f"--service-cluster-ip-range={endpoint.service_range}",
        "--allow-privileged",
    ]
    if endpoint.is_loopback:
        # The Service `kubernetes` may not point at a loopback address, and no pod asks for it.
        command.append("--endpoint-reconciler-type=none")
    else:
        command.append(f"--advertise-address={endpoint.address}")
    return command
