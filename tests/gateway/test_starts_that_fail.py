"""A start that fails says why, early, and leaves nothing behind."""

from __future__ import annotations

import json
import socket
import threading
from urllib.parse import urlsplit

import pytest
from kubernetes.client import CoreV1Api

from ..support.channels import Channels
from ..support.gateways import RunningGateway
from ..support.pods import eventually, pod_of, pods_of, secrets_of

pytestmark = pytest.mark.cluster


def test_an_image_that_cannot_be_pulled(
    gateway: RunningGateway, core: CoreV1Api, user: str
) -> None:
    answer = gateway.try_start("python-no-image", user)
    assert answer.status_code == 500
    assert "eg-ext/no-such-image:never' cannot be pulled" in answer.json()["message"]
    eventually(lambda: not pods_of(core, user) and not secrets_of(core, user))


def test_a_kernel_that_ends_at_once(gateway: RunningGateway, core: CoreV1Api, user: str) -> None:
    answer = gateway.try_start("python-crashing", user)
    assert answer.status_code == 500
    assert "ended" in answer.json()["message"]
    eventually(lambda: not pods_of(core, user) and not secrets_of(core, user))


def test_no_node_within_the_profiles_patience(
    gateway: RunningGateway, core: CoreV1Api, user: str
) -> None:
    answer = gateway.try_start("python-nowhere-briefly", user)
    assert answer.status_code == 504
    message = answer.json()["message"]
    assert "did not start within 3 s" in message
    assert "node affinity/selector" in message
    eventually(lambda: not pods_of(core, user) and not secrets_of(core, user))


def test_a_client_that_goes_away_takes_its_pod_along(
    gateway: RunningGateway, core: CoreV1Api, user: str
) -> None:
    address = urlsplit(gateway.url)
    body = json.dumps({"name": "python-nowhere", "env": {"KERNEL_USERNAME": user}})
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(
            f"POST /api/kernels HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Authorization: token {gateway.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        eventually(lambda: pods_of(core, user) and secrets_of(core, user))
    eventually(lambda: not pods_of(core, user) and not secrets_of(core, user))
    assert gateway.get("/api/kernels") == [
        kernel for kernel in gateway.get("/api/kernels") if kernel["name"] != "python-nowhere"
    ]


def test_a_pod_deleted_under_a_start_ends_the_start(
    gateway: RunningGateway, core: CoreV1Api, user: str
) -> None:
    answers = []
    starting = threading.Thread(
        target=lambda: answers.append(gateway.try_start("python-nowhere", user))
    )
    starting.start()
    eventually(lambda: pods_of(core, user))
    core.delete_namespaced_pod(pod_of(core, user).metadata.name, f"hub-{user}")
    starting.join(30)
    assert answers[0].status_code == 500
    assert "was deleted while it was starting" in answers[0].json()["message"]


def test_an_unknown_kernel_names_the_nearest(gateway: RunningGateway, user: str) -> None:
    answer = gateway.try_start("python-gpuu", user)
    assert answer.status_code == 404
    assert answer.json()["message"].startswith(
        "There is no kernel named 'python-gpuu'. Did you mean 'python-gpu'"
    )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"[1, 2]", "must be a JSON object"),
        (b'{"name": 3}', "'name' must be the name of a kernelspec"),
        (b'{"name": "python-small", "env": "x"}', "'env' must be an object"),
        (b'{"name": "python-small", "env": {"KERNEL_USERNAME": 7}}', "must be a string"),
        (b'{"name": "python-small"}', "Set KERNEL_USERNAME"),
        (b'{"name": "python-small", "env": {"KERNEL_USERNAME": ""}}', "Set KERNEL_USERNAME"),
        (b"{not json", "JSON"),
    ],
)
def test_a_request_that_makes_no_sense(gateway: RunningGateway, body: bytes, says: str) -> None:
    answer = gateway.request("POST", "/api/kernels", data=body)
    assert answer.status_code == 400, answer.text
    assert says in answer.json()["message"]
    assert "traceback" not in answer.json()


def test_what_a_client_must_not_choose_is_ignored(
    gateway: RunningGateway, core: CoreV1Api, user: str
) -> None:
    answer = gateway.try_start(
        "python-small",
        user,
        KERNEL_NAMESPACE="kube-system",
        KERNEL_IMAGE="evil.example/image:latest",
        KERNEL_UID="0",
        KERNEL_SERVICE_ACCOUNT_NAME="admin",
        KERNEL_POD_NAME="mine",
        KERNEL_ID="11111111-1111-4111-8111-111111111111",
        KERNEL_LAUNCH_TIMEOUT="nan",
        KERNEL_VOLUMES="[{name: host, hostPath: {path: /}}]",
        LD_PRELOAD="/evil.so",
    )
    assert answer.status_code == 201, answer.text
    pod = pod_of(core, user)
    assert pod.spec.containers[0].image.startswith("eg-ext/kernel-python:")
    assert pod.spec.security_context.run_as_user == 1000
    assert pod.spec.service_account_name == "default"
    assert pod.metadata.name != "mine"
    assert answer.json()["id"] != "11111111-1111-4111-8111-111111111111"
    assert not pod.spec.volumes
    assert "LD_PRELOAD" not in {variable.name for variable in pod.spec.containers[0].env}
    gateway.delete(answer.json()["id"])


def test_overlapping_starts_keep_their_users_apart(gateway: RunningGateway, user: str) -> None:
    users = [f"{user}-{number}" for number in range(4)]
    answers: dict[str, str] = {}

    def start(name: str) -> None:
        answers[name] = gateway.start("python-small", name)["id"]

    threads = [threading.Thread(target=start, args=[name]) for name in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in users:
        with Channels(gateway, answers[name]) as channels:
            seen = channels.execute("import os; print(os.environ['KERNEL_USERNAME'])").text
        assert seen.strip() == name
        gateway.delete(answers[name])
