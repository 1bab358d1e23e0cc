"""A restart whose new pod finds no node at first, or none at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kubernetes.client import CoreV1Api

from ..support.channels import Channels
from ..support.gateways import RunningGateway
from ..support.pods import eventually, pods_of

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("special node")]

Special = Callable[[bool], None]


@pytest.fixture
def special(core: CoreV1Api) -> Iterator[Special]:
    """Makes a node the one that the profile wants, or takes that away."""
    ordinary = [node for node in core.list_node().items if not node.spec.taints]
    name = ordinary[0].metadata.name

    def label(there: bool) -> None:
        value = "yes" if there else None
        core.patch_node(name, {"metadata": {"labels": {"example.org/special": value}}})

    label(True)
    yield label
    label(False)


@pytest.fixture
def waiting(
    gateway: RunningGateway, core: CoreV1Api, user: str, special: Special
) -> Iterator[tuple[str, list[Any]]]:
    """A kernel that is being restarted and has no node; its id, and later the answer."""
    kernel_id = gateway.start("python-special", user)["id"]
    eventually(lambda: [pod.status.phase for pod in pods_of(core, user)] == ["Running"])
    before = pods_of(core, user)[0].metadata.uid
    special(False)
    answers: list[Any] = []
    path = f"/api/kernels/{kernel_id}/restart"
    restarting = threading.Thread(target=lambda: answers.append(gateway.request("POST", path)))
    restarting.start()
    eventually(
        lambda: (
            [pod for pod in pods_of(core, user) if pod.metadata.uid != before]
            and len(pods_of(core, user)) == 1
        )
    )
    yield kernel_id, answers
    restarting.join(30)
    gateway.delete(kernel_id)


def test_a_kernel_deleted_meanwhile_is_gone_for_good(
    gateway: RunningGateway,
    core: CoreV1Api,
    user: str,
    special: Special,
    waiting: tuple[str, list[Any]],
) -> None:
    kernel_id, answers = waiting
    assert gateway.delete(kernel_id).status_code == 204
    eventually(lambda: not pods_of(core, user), patience=5)
    eventually(lambda: answers, patience=5)
    assert answers[0].status_code == 409
    assert "was shut down while it was starting" in answers[0].json()["message"]
    special(True)
    assert gateway.request("GET", f"/api/kernels/{kernel_id}").status_code == 404
    assert not pods_of(core, user)


def test_an_interrupt_meanwhile_is_refused(
    gateway: RunningGateway, waiting: tuple[str, list[Any]]
) -> None:
    answer = gateway.request("POST", f"/api/kernels/{waiting[0]}/interrupt")
    assert answer.status_code == 409
    assert answer.json()["message"] == "The kernel is being restarted."


def test_a_client_that_comes_meanwhile_gets_the_new_kernel(
    gateway: RunningGateway, special: Special, waiting: tuple[str, list[Any]]
) -> None:
    kernel_id, answers = waiting
    threading.Timer(1, special, [True]).start()
    with Channels(gateway, kernel_id) as channels:
        assert channels.execute("6 * 7").result == "42"
    assert eventually(lambda: answers)[0].status_code == 200


def test_a_crash_without_a_node_for_the_next_pod_says_so(
    gateway: RunningGateway, core: CoreV1Api, user: str, special: Special
) -> None:
    kernel_id = gateway.start("python-special", user)["id"]
    special(False)
    with Channels(gateway, kernel_id) as channels:
        channels.request_execution("import os; os._exit(7)")
        reasons = []
        while True:
            message = channels.receive(30)
            if "eg_ext" in message["metadata"]:
                reasons.append(message["metadata"]["eg_ext"]["reason"])
            if message["content"].get("execution_state") == "dead":
                break
    assert len(reasons) == 2
    assert "exit code 7" in reasons[0]
    assert "No node can take the kernel yet" in reasons[1]
    assert gateway.request("GET", f"/api/kernels/{kernel_id}").status_code == 404
    eventually(lambda: not pods_of(core, user))
