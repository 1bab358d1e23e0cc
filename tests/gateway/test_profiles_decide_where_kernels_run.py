"""Profiles are offered in the launcher and make the pods that they describe."""

from __future__ import annotations

import pytest
from kubernetes.client import CoreV1Api

from ..support.channels import Channels
from ..support.gateways import RunningGateway
from ..support.pods import eventually, pod_of, pods_of

pytestmark = pytest.mark.cluster


def test_every_profile_is_offered_with_every_kernelspec(gateway: RunningGateway) -> None:
    listed = gateway.get("/api/kernelspecs")
    assert listed["default"] == "python-small"
    offered = {name: entry["spec"]["display_name"] for name, entry in listed["kernelspecs"].items()}
    assert offered["python-small"] == "Python 3 · Small"
    assert offered["python-gpu"] == "Python 3 · GPU"
    assert all(name.startswith("python-") for name in offered), offered
    logo = listed["kernelspecs"]["python-gpu"]["resources"]["logo-64x64"]
    assert gateway.request("GET", logo).content.startswith(b"\x89PNG")


def test_the_plain_name_means_the_default_profile(
    gateway: RunningGateway, core: CoreV1Api, user: str
) -> None:
    kernel = gateway.start("python", user)
    assert pod_of(core, user).metadata.labels["eg-ext.io/profile"] == "small"
    gateway.delete(kernel["id"])


def test_the_pod_is_what_the_profile_says(
    gateway: RunningGateway, core: CoreV1Api, user: str
) -> None:
    kernel = gateway.start("python-small", user)
    pod = pod_of(core, user)
    assert pod.metadata.namespace == f"hub-{user}"
    container = pod.spec.containers[0]
    assert container.resources.requests == {"cpu": "20m", "memory": "100Mi"}
    assert container.resources.limits == {"memory": "1Gi"}
    assert pod.spec.security_context.run_as_non_root
    assert not pod.spec.automount_service_account_token
    assert not pod.spec.volumes
    labels, annotations = pod.metadata.labels, pod.metadata.annotations
    assert labels["kernel_id"] == kernel["id"]
    assert labels["component"] == "kernel"
    assert labels["eg-ext.io/user"] == user
    assert labels["eg-ext.io/profile"] == "small"
    assert labels["eg-ext.io/kernelspec"] == "python"
    assert labels["eg-ext.io/gateway"] == gateway.name
    assert annotations["eg-ext.io/username"] == user
    assert annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"
    gateway.delete(kernel["id"])


@pytest.mark.usefixtures("gpus")
@pytest.mark.xdist_group("gpu")
def test_a_gpu_kernel_runs_on_the_gpu_node_and_sees_its_gpu(
    gateway: RunningGateway, core: CoreV1Api, user: str
) -> None:
    kernel = gateway.start("python-gpu", user)
    node = core.read_node(pod_of(core, user).spec.node_name)
    assert node.metadata.labels["node.kubernetes.io/instance-type"] == "g5.xlarge"
    with Channels(gateway, kernel["id"]) as channels:
        seen = channels.execute("import os; print(os.environ['NVIDIA_VISIBLE_DEVICES'])").text
    assert seen.strip()
    gateway.delete(kernel["id"])
    eventually(lambda: not pods_of(core, user))


def test_a_kernel_without_gpu_stays_off_the_gpu_node(
    gateway: RunningGateway, core: CoreV1Api, user: str
) -> None:
    kernel = gateway.start("python-small", user)
    node = core.read_node(pod_of(core, user).spec.node_name)
    assert "nvidia.com/gpu" not in node.status.allocatable
    gateway.delete(kernel["id"])


@pytest.mark.usefixtures("gpus")
@pytest.mark.xdist_group("gpu")
def test_a_third_gpu_kernel_is_told_that_the_gpus_are_taken(
    gateway: RunningGateway, core: CoreV1Api, user: str
) -> None:
    kernels = [gateway.start("python-gpu", user) for _ in range(2)]
    refused = gateway.try_start("python-gpu", user)
    assert refused.status_code == 504, refused.text
    message = refused.json()["message"]
    assert "did not start within 20 s" in message
    assert "No node can take the kernel yet" in message
    assert "Insufficient nvidia.com/gpu" in message
    eventually(lambda: len(pods_of(core, user)) == 2)
    for kernel in kernels:
        gateway.delete(kernel["id"])
    eventually(lambda: not pods_of(core, user))
