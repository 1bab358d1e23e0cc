"""The cluster's network: a bridge on this machine, a cable to each node, four iptables rules.

    10.N.0.1        this machine: the bridge, and the API server on it
    10.N.0.11, .12  the nodes
    10.N.64.0/18    pods, a /20 for each node
    10.N.128.0/17   Services

Each node has a network namespace of its own, so that kube-proxy's and the CNI plugins' rules and
interfaces are in there, and go when the node goes. Only what is made here is seen on the machine.
"""

from __future__ import annotations

import ipaddress
import json
import re
import shlex
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcluster.clusters import Cluster
from devcluster.errors import DevclusterError
from devcluster.processes import PATH, run

IP_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
NODE_NAMES = ("node-1", "gpu-1")


@dataclass(frozen=True)
class Network:
    """The addresses of one cluster, all in 10.`number`.0.0/16."""

    number: int

    @property
    def all(self) -> str:
        return f"10.{self.number}.0.0/16"

    @property
    def machine(self) -> str:
        return f"10.{self.number}.0.1"

    @property
    def pods(self) -> str:
        return f"10.{self.number}.64.0/18"

    @property
    def services(self) -> str:
        return f"10.{self.number}.128.0/17"

    def node(self, name: str) -> str:
        return f"10.{self.number}.0.{11 + NODE_NAMES.index(name)}"

    def pods_of(self, name: str) -> str:
        return f"10.{self.number}.{64 + 16 * NODE_NAMES.index(name)}.0/20"


@contextmanager
def machine_lock(name: str, timeout: float = 120) -> Iterator[None]:
    """Holds a name on the whole machine; the kernel frees it when this process ends.

    An abstract socket leaves no file behind. Raises DevclusterError after `timeout` seconds.
    """
    with socket.socket(socket.AF_UNIX) as holder:
        end = time.monotonic() + timeout
        while True:
            try:
                holder.bind(f"\0eg-ext-devcluster-{name}")
                break
            except OSError as error:
                if time.monotonic() > end:
                    raise DevclusterError(
                        "Another devcluster command is at work on this cluster; try again later."
                    ) from error
                time.sleep(0.1)
        yield


def used_networks() -> list[ipaddress.IPv4Network]:
    """All networks that this machine routes somewhere, the default route excepted."""
    routes = json.loads(run(["ip", "-json", "-4", "route", "show", "table", "all"]))
    networks = []
    for route in routes:
        if route.get("dst", "default") != "default":
            networks.append(ipaddress.IPv4Network(route["dst"], strict=False))
    return networks


def free_network(cluster: Cluster) -> Network:
    """The addresses that nobody on the machine uses; the same ones each time, if they are free.

    Raises DevclusterError where all of 10.64 to 10.191 are in use.
    """
    used = used_networks()
    first = int(cluster.id, 16)
    for offset in range(128):
        network = Network(64 + (first + offset) % 128)
        if not any(ipaddress.IPv4Network(network.all).overlaps(other) for other in used):
            return network
    raise DevclusterError("No free network is left between 10.64.0.0/16 and 10.191.0.0/16.")


def _links(kind: str) -> dict[str, dict[str, Any]]:
    """The machine's interfaces of one kind, by name."""
    links = json.loads(run(["ip", "-json", "link", "show", "type", kind]))
    return {link["ifname"]: link for link in links if link}


def make_network(cluster: Cluster) -> Network:
    """Makes the bridge and the rules; the nodes plug themselves in afterwards."""
    with machine_lock("network"):
        network = free_network(cluster)
        run(["ip", "link", "add", cluster.bridge, "type", "bridge"])
        # What forwarding was before us is kept on the bridge itself, so that it can be put back
        # whatever happens to our files.
        before = IP_FORWARD.read_text().strip()
        run(["ip", "link", "set", cluster.bridge, "alias", f"ip_forward={before}"])
        run(["ip", "address", "add", f"{network.machine}/24", "dev", cluster.bridge])
        run(["ip", "link", "set", cluster.bridge, "up"])
        IP_FORWARD.write_text("1")
    for table, rule in _rules(cluster, network):
        # At the top, before a firewall's own verdicts.
        run(["iptables", "-w", "30", "-t", table, "-I", *rule])
    return network


def _rules(cluster: Cluster, network: Network) -> list[tuple[str, list[str]]]:
    comment = ["-m", "comment", "--comment", cluster.comment]
    leaving = ["-s", network.all, "!", "-d", network.all]
    return [
        ("nat", ["POSTROUTING", *leaving, *comment, "-j", "MASQUERADE"]),
        ("filter", ["INPUT", "-i", cluster.bridge, *comment, "-j", "ACCEPT"]),
        ("filter", ["FORWARD", "-i", cluster.bridge, *comment, "-j", "ACCEPT"]),
        ("filter", ["FORWARD", "-o", cluster.bridge, *comment, "-j", "ACCEPT"]),
    ]


def plug_in(cluster: Cluster, network: Network, node: str, pid: int) -> None:
    """Gives the node, whose first process is `pid`, its interface and everybody their routes."""
    cable = f"{cluster.bridge}-{NODE_NAMES.index(node)}"
    mtu = _mtu()
    ends = ["type", "veth", "peer", "name", "eth0", "mtu", mtu, "netns", str(pid)]
    run(["ip", "link", "add", cable, "mtu", mtu, *ends])
    run(["ip", "link", "set", cable, "master", cluster.bridge, "up"])
    inside = ["nsenter", "--target", str(pid), "--net", "ip"]
    run([*inside, "link", "set", "lo", "up"])
    run([*inside, "address", "add", f"{network.node(node)}/24", "dev", "eth0"])
    run([*inside, "link", "set", "eth0", "up"])
    run([*inside, "route", "add", "default", "via", network.machine])
    for other in NODE_NAMES:
        if other != node:
            run([*inside, "route", "add", network.pods_of(other), "via", network.node(other)])
    run(["ip", "route", "add", network.pods_of(node), "via", network.node(node)])
    if node == NODE_NAMES[0]:
        # Any node's kube-proxy could serve the machine's own calls to Services.
        run(["ip", "route", "add", network.services, "via", network.node(node)])


def _mtu() -> str:
    """That of the machine's default route, so that packets leave it unbroken."""
    for route in json.loads(run(["ip", "-json", "-4", "route", "show", "default"])):
        link = json.loads(run(["ip", "-json", "link", "show", "dev", route["dev"]]))
        return str(link[0]["mtu"])
    return "1500"


def remove_network(cluster: Cluster) -> None:
    """Removes the rules and the bridge, and puts forwarding back; nothing need be there."""
    if not all(shutil.which(program, path=PATH) for program in ("ip", "iptables")):
        return
    for table in ("nat", "filter"):
        saved = run(["iptables-save", "-t", table])
        for line in saved.splitlines():
            if line.startswith("-A ") and cluster.comment in line:
                run(["iptables", "-w", "30", "-t", table, "-D", *shlex.split(line)[1:]])
    with machine_lock("network"):
        # The kernel removes the cables of a node that is gone too, at some moment.
        for name in _links("veth"):
            if name.startswith(f"{cluster.bridge}-"):
                _delete_link(name, "veth")
        bridges = _links("bridge")
        ours = bridges.pop(cluster.bridge, None)
        if ours is None:
            return
        alias = ours.get("ifalias", "")
        _delete_link(cluster.bridge, "bridge")
        if alias == "ip_forward=0":
            others = [name for name in bridges if re.fullmatch(r"egx[0-9a-f]{8}", name)]
            if others:
                # Another cluster needs forwarding still: the last one puts it back.
                run(["ip", "link", "set", others[0], "alias", alias])
            else:
                IP_FORWARD.write_text("0")


def _delete_link(name: str, kind: str) -> None:
    try:
        run(["ip", "link", "delete", name])
    except DevclusterError:
        if name in _links(kind):
            raise
