"""A cluster with nodes: what runs where, and what a pod finds there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devcluster.binaries import find_binaries
from devcluster.images import write_archive
from tests.devcluster.harness import Command, pod

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("devcluster-nodes")]

PAUSE = "localhost/eg-ext-devcluster/pause:1"
GPU = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}
TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


@pytest.fixture(scope="module")
def cluster(compiled: None) -> Iterator[Command]:
    if os.geteuid() != 0:
        pytest.skip("nodes need root")
    command = Command()
    command("up")
    yield command
    command("down")


def _condition(found: dict[str, Any], kind: str) -> dict[str, Any]:
    conditions: list[dict[str, Any]] = found["status"]["conditions"]
    return next(item for item in conditions if item["type"] == kind)


def test_both_nodes_look_like_instances(cluster: Command) -> None:
    nodes = {item["metadata"]["name"]: item for item in cluster.get("nodes")["items"]}
    assert set(nodes) == {"node-1", "gpu-1"}
    assert all(_condition(node, "Ready")["status"] == "True" for node in nodes.values())
    labels = nodes["gpu-1"]["metadata"]["labels"]
    assert labels["node.kubernetes.io/instance-type"] == "g5.xlarge"
    assert labels["karpenter.sh/capacity-type"] == "spot"
    assert nodes["gpu-1"]["spec"]["taints"] == [
        {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    ]
    assert nodes["gpu-1"]["status"]["allocatable"]["nvidia.com/gpu"] == "2"
    assert "nvidia.com/gpu" not in nodes["node-1"]["status"]["allocatable"]


def test_gpu_pods_get_a_device_each_until_none_is_left(cluster: Command) -> None:
    names = ["gpu-a", "gpu-b"]
    for name in names:
        cluster.apply(pod(name, PAUSE, tolerations=[TOLERATION], container=GPU))
        cluster.wait("pod", name, "condition=Ready")
        assert cluster.get(f"pod/{name}")["spec"]["nodeName"] == "gpu-1"
    cluster.apply(pod("gpu-c", PAUSE, tolerations=[TOLERATION], container=GPU))
    cluster.wait("pod", "gpu-c", "condition=PodScheduled=false")
    assert (
        "Insufficient nvidia.com/gpu"
        in _condition(cluster.get("pod/gpu-c"), "PodScheduled")["message"]
    )
    cluster("kubectl", "delete", "pod", *names, "gpu-c", "--wait=true")


def test_gpu_pod_without_toleration_stays_pending(cluster: Command) -> None:
    cluster.apply(pod("intruder", PAUSE, container=GPU))
    cluster.wait("pod", "intruder", "condition=PodScheduled=false")
    assert "untolerated taint" in _condition(cluster.get("pod/intruder"), "PodScheduled")["message"]
    cluster("kubectl", "delete", "pod", "intruder")


def test_pod_talks_to_the_api_server_by_name_over_verified_tls(
    cluster: Command, tmp_path: Path
) -> None:
    """An image of kubectl alone: DNS, the Service, kube-root-ca.crt, the token and RBAC in one."""
    binaries = find_binaries()
    assert binaries is not None
    image = "localhost/eg-ext-devcluster/kubectl:1"
    archive = write_archive(tmp_path / "kubectl.tar", image, Path(binaries["kubernetes"]))
    assert f"{image} is on node-1, gpu-1" in cluster("load", str(archive))
    assert f"{image} is already on node-1, gpu-1" in cluster("load", str(archive))
    container = {
        "args": ["kubectl", "get", "pods"],
        "imagePullPolicy": "IfNotPresent",
        # The name in place of the address that the kubelet puts here.
        "env": [
            {"name": "KUBERNETES_SERVICE_HOST", "value": "kubernetes.default.svc.cluster.local"}
        ],
    }
    for node in ("node-1", "gpu-1"):
        name = f"client-{node}"
        cluster.apply(pod(name, image, nodeName=node, restartPolicy="Never", container=container))
        cluster.wait("pod", name, "jsonpath={.status.phase}=Failed")
        said = cluster("kubectl", "logs", name)
        # The server knows who asks, so everything before authorization has worked.
        assert 'User "system:serviceaccount:default:default" cannot list resource "pods"' in said


def test_restricted_namespace_refuses_a_pod_that_is_not(cluster: Command) -> None:
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": "restricted",
                "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
            },
        }
    )
    said = cluster("kubectl", "run", "root", f"--image={PAUSE}", "--namespace=restricted", code=1)
    assert "violates PodSecurity" in said


def test_archive_that_is_none_is_refused(cluster: Command, tmp_path: Path) -> None:
    text = tmp_path / "text.tar"
    text.write_text("not an archive")
    assert "failed" in cluster("load", str(text), code=1)
    assert "There is no file" in cluster("load", str(tmp_path / "none.tar"), code=1)


def test_second_up_changes_nothing(cluster: Command) -> None:
    before = cluster.cluster.folder.joinpath("state.json").read_text()
    assert "already runs" in cluster("up")
    assert cluster.cluster.folder.joinpath("state.json").read_text() == before
    assert "`down` it first" in cluster("up", "--control-plane", code=1)
    assert json.loads(cluster("status", "--output", "json"))["problems"] == []
