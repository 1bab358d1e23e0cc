"""The image as Kubernetes runs it: process 1, an ordinary user, a restricted namespace."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable

import pytest
from kubernetes import client as kubernetes_client

from eg_ext.pods import connection_info

pytestmark = pytest.mark.cluster

IMAGE = "eg-ext/kernel-python:dev"
CONNECTION = connection_info("a key for tests", "python")
Run = Callable[..., str]
State = kubernetes_client.V1ContainerStateTerminated


@pytest.fixture
def restricted(core: kubernetes_client.CoreV1Api, namespace: str) -> str:
    """A namespace that admits no pod that could become root."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    core.patch_namespace(namespace, {"metadata": {"labels": labels}})
    deadline = time.monotonic() + 30
    while not core.list_namespaced_service_account(namespace).items:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return namespace


@pytest.fixture
def run(core: kubernetes_client.CoreV1Api, restricted: str) -> Run:
    """Starts a pod with the launcher; returns its name."""

    def start(program: str, memory: str = "512Mi") -> str:
        name = f"kernel-{secrets.token_hex(4)}"
        argv = ["sh", "-c", f"{program}; : {{connection_file}}"]
        container = {
            "name": "kernel",
            "image": IMAGE,
            "command": ["eg-ext-kernel", "--", *argv],
            "env": [{"name": "EG_EXT_CONNECTION", "value": json.dumps(CONNECTION)}],
            "resources": {"limits": {"memory": memory}},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        }
        spec = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        core.create_namespaced_pod(restricted, pod)
        return name

    return start


@pytest.fixture
def end(core: kubernetes_client.CoreV1Api, restricted: str) -> Callable[[str], State]:
    """Waits until a pod's container has ended."""

    def wait(name: str) -> State:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            pod = core.read_namespaced_pod(name, restricted)
            for status in pod.status.container_statuses or ():
                if status.state.terminated:
                    return status.state.terminated
            time.sleep(0.1)
        raise AssertionError(f"{name} does not end")

    return wait


def test_the_kernel_is_an_ordinary_user_below_process_1(
    run: Run,
    end: Callable[[str], State],
    core: kubernetes_client.CoreV1Api,
    restricted: str,
) -> None:
    name = run('id -u; id -g; id -un; pwd; echo $HOME $PPID $LANG; touch "$HOME/x" && echo writes')
    assert end(name).exit_code == 0
    log = core.read_namespaced_pod_log(name, restricted)
    assert log.split("eg-ext-kernel:")[0].split() == [
        *("1000", "100", "jovyan", "/home/jovyan"),
        *("/home/jovyan", "1", "C.UTF-8", "writes"),
    ]


def test_the_reason_is_in_the_termination_message(run: Run, end: Callable[[str], State]) -> None:
    state = end(run("exit 7"))
    assert (state.exit_code, state.message) == (7, "The kernel ended with exit code 7.")


def test_out_of_memory_is_told(run: Run, end: Callable[[str], State]) -> None:
    state = end(run("exec python -c \"x = bytearray(10**9); x[:] = b'x' * 10**9\"", "64Mi"))
    assert state.reason == "OOMKilled"
    # Under version 2 of control groups the kubelet has the launcher killed with the kernel.
    assert state.message in (None, "The kernel was killed: out of memory (limit 67108864 bytes).")


def test_the_user_may_install_packages(run: Run, end: Callable[[str], State]) -> None:
    module = '$(python -c "import zmq, os; print(os.path.dirname(os.path.dirname(zmq.__file__)))")'
    assert end(run(f"touch {module}/probe.py && exec python -c 'import probe'")).exit_code == 0


def test_the_image_keeps_nothing_of_the_machine_that_built_it(
    run: Run,
    end: Callable[[str], State],
    core: kubernetes_client.CoreV1Api,
    restricted: str,
) -> None:
    name = run("ls /etc/pip.conf /run/build/* /build /tmp/wheels 2>/dev/null; eg-ext-kernel --help")
    assert end(name).exit_code == 0
    log = core.read_namespaced_pod_log(name, restricted)
    assert log.startswith("usage: eg-ext-kernel"), log
