"""The parts of devcluster that decide without a machine."""

from __future__ import annotations

import ipaddress
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devcluster import network
from devcluster.__main__ import _split
from devcluster.clusters import Cluster, State
from devcluster.errors import DevclusterError
from devcluster.network import NODE_NAMES, Network, free_network
from devcluster.nodes import NODES
from devcluster.toolchain import SOURCES, version_of, wanted_version

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)


@given(NAMES)
def test_every_allowed_name_makes_an_interface_name_that_linux_takes(name: str) -> None:
    cluster = Cluster.named(name)
    assert len(f"{cluster.bridge}-{len(NODES)}") <= 15


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a/b", "..", "a" * 41, "a\n"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(DevclusterError, match="cannot name a cluster"):
        Cluster.named(name)


def test_one_name_in_two_homes_is_two_clusters() -> None:
    assert Cluster("a", Path("/one/a")).id != Cluster("a", Path("/two/a")).id


@given(st.integers(64, 191))
def test_the_ranges_of_a_network_do_not_overlap(number: int) -> None:
    addresses = Network(number)
    machines = ipaddress.IPv4Network(f"{addresses.machine}/24", strict=False)
    pods = [ipaddress.IPv4Network(addresses.pods_of(name)) for name in NODE_NAMES]
    services = ipaddress.IPv4Network(addresses.services)
    for one, two in itertools.combinations([machines, services, *pods], 2):
        assert not one.overlaps(two)
    assert all(one.subnet_of(ipaddress.IPv4Network(addresses.pods)) for one in pods)
    whole = ipaddress.IPv4Network(addresses.all)
    assert all(one.subnet_of(whole) for one in [machines, services, *pods])
    assert all(ipaddress.IPv4Address(addresses.node(name)) in machines for name in NODE_NAMES)


def test_every_node_has_addresses() -> None:
    assert tuple(node.name for node in NODES) == NODE_NAMES


def test_a_used_network_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster("a", Path("/one/a"))
    monkeypatch.setattr(network, "used_networks", list)
    first = free_network(cluster)
    used = [ipaddress.IPv4Network(f"10.{first.number}.77.0/24")]
    monkeypatch.setattr(network, "used_networks", lambda: used)
    assert free_network(cluster) != first
    monkeypatch.setattr(network, "used_networks", lambda: [ipaddress.IPv4Network("10.0.0.0/8")])
    with pytest.raises(DevclusterError, match="No free network"):
        free_network(cluster)


def test_a_broken_record_counts_as_none(tmp_path: Path) -> None:
    cluster = Cluster("a", tmp_path)
    assert State.read(cluster) is None
    State(server="https://127.0.0.1:1").save(cluster)
    read = State.read(cluster)
    assert read is not None
    assert read.server == "https://127.0.0.1:1"
    for content in ('{"server": "x"', '{"unknown": 1}', "[]"):
        (tmp_path / "state.json").write_text(content)
        assert State.read(cluster) is None


@pytest.mark.parametrize(
    ("given", "mine", "kubectl"),
    [
        (["up", "--name", "a"], ["up", "--name", "a"], []),
        (["kubectl", "-n", "a", "get", "pods"], ["kubectl"], ["-n", "a", "get", "pods"]),
        (["kubectl", "--name", "a", "get", "-w"], ["kubectl", "--name", "a"], ["get", "-w"]),
        (["kubectl", "--name=a", "logs"], ["kubectl", "--name=a"], ["logs"]),
        (["kubectl", "get", "--name", "a"], ["kubectl"], ["get", "--name", "a"]),
    ],
)
def test_kubectl_gets_its_own_arguments_untouched(
    given: list[str], mine: list[str], kubectl: list[str]
) -> None:
    assert _split(given) == (mine, kubectl)


def test_the_go_that_is_wanted_is_read_from_go_mod() -> None:
    assert wanted_version("module x\n\ngo 1.26.0\n") == (1, 26)
    assert wanted_version((SOURCES / "go.mod").read_text()) >= (1, 26)
    with pytest.raises(DevclusterError):
        wanted_version("module x\n")


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("echo go1.19.8", (1, 19)),
        ("echo go1.27rc1", (1, 27)),
        ("echo nonsense", None),
        ("exit 3", None),
    ],
)
def test_the_version_of_a_go(tmp_path: Path, script: str, version: tuple[int, int] | None) -> None:
    go = tmp_path / "go"
    go.write_text(f"#!/bin/sh\n{script}\n")
    go.chmod(0o755)
    assert version_of(str(go)) == version
    assert version_of(str(tmp_path / "none")) is None
