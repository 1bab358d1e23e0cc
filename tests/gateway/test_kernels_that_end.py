"""A kernel that ends says why, is replaced for those who use it, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubernetes.client import CoreV1Api

from ..support.channels import Channels
from ..support.gateways import RunningGateway, run_gateway
from ..support.pods import eventually, pod_of, pods_of
from .conftest import CATALOG

pytestmark = pytest.mark.cluster

DEATHS = {
    "memory": ("x = bytearray(10**9)", "memory"),
    "exit": ("import os; os._exit(7)", "exit code 7"),
    "signal": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
}


@pytest.mark.parametrize("death", DEATHS)
def test_the_reason_reaches_the_client_and_the_kernel_comes_back(
    gateway: RunningGateway, core: CoreV1Api, user: str, death: str
) -> None:
    code, word = DEATHS[death]
    kernel = gateway.start("python-tight", user)
    before = pod_of(core, user).metadata.uid
    with Channels(gateway, kernel["id"]) as channels:
        channels.request_execution(code)
        said = channels.until(
            lambda m: m["msg_type"] == "stream" and "eg_ext" in m["metadata"], patience=30
        )
        assert word in said["metadata"]["eg_ext"]["reason"]
        assert said["content"]["text"] == said["metadata"]["eg_ext"]["reason"] + "\n"
        channels.until(lambda m: m["content"].get("execution_state") == "restarting")
        assert channels.execute("1 + 1").result == "2"
    assert pod_of(core, user).metadata.uid != before
    gateway.delete(kernel["id"])
    eventually(lambda: not pods_of(core, user))


def test_a_pod_that_somebody_deletes_is_noticed(
    gateway: RunningGateway, core: CoreV1Api, user: str
) -> None:
    kernel = gateway.start("python-small", user)
    with Channels(gateway, kernel["id"]) as channels:
        channels.execute("x = 1")
        core.delete_namespaced_pod(pod_of(core, user).metadata.name, f"hub-{user}")
        channels.until(lambda m: m["content"].get("execution_state") == "restarting", patience=30)
    gateway.delete(kernel["id"])


def test_a_kernel_that_nobody_uses_is_not_replaced(
    gateway: RunningGateway, core: CoreV1Api, user: str
) -> None:
    kernel = gateway.start("python-small", user)
    core.delete_namespaced_pod(pod_of(core, user).metadata.name, f"hub-{user}")
    path = f"/api/kernels/{kernel['id']}"
    eventually(lambda: gateway.request("GET", path).status_code == 404)
    eventually(lambda: not pods_of(core, user))


def test_a_profiles_own_patience_ends_its_kernels_and_no_others(
    kubeconfig: str, tmp_path_factory: pytest.TempPathFactory, core: CoreV1Api, user: str
) -> None:
    folder = tmp_path_factory.mktemp("culling")
    option = "--ProfileMappingKernelManager.cull_interval=1"
    with run_gateway(folder, CATALOG, kubeconfig, option) as gateway:
        lasting = gateway.start("python-small", user)
        passing = gateway.start("python-short-lived", user)
        path = f"/api/kernels/{passing['id']}"
        eventually(lambda: gateway.request("GET", path).status_code == 404)
        eventually(lambda: len(pods_of(core, user)) == 1)
        assert pod_of(core, user).metadata.labels["kernel_id"] == lasting["id"]


@pytest.fixture
def impatient(
    kubeconfig: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    """A gateway that culls kernels after two idle seconds."""
    with run_gateway(
        tmp_path_factory.mktemp("impatient"),
        CATALOG,
        kubeconfig,
        "--ProfileMappingKernelManager.cull_idle_timeout=2",
        "--ProfileMappingKernelManager.cull_interval=1",
    ) as running:
        yield running


def test_an_idle_kernel_is_culled_and_its_pod_with_it(
    impatient: RunningGateway, core: CoreV1Api, user: str
) -> None:
    kernel = impatient.start("python-small", user)
    with Channels(impatient, kernel["id"]) as channels:
        channels.execute("x = 1")
    path = f"/api/kernels/{kernel['id']}"
    eventually(lambda: impatient.request("GET", path).status_code == 404)
    eventually(lambda: not pods_of(core, user))


def test_a_gateway_that_is_stopped_stops_its_kernels(
    kubeconfig: str, tmp_path_factory: pytest.TempPathFactory, core: CoreV1Api, user: str
) -> None:
    with run_gateway(tmp_path_factory.mktemp("stopping"), CATALOG, kubeconfig) as gateway:
        gateway.start("python-small", user)
        assert gateway.stop() == 0, gateway.tail()
        eventually(lambda: not pods_of(core, user))
