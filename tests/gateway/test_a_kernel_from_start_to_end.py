"""Start, execute, interrupt, restart, delete: through our gateway and through stock EG."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes.client import CoreV1Api

from ..support.channels import Channels
from ..support.gateways import RunningGateway, run_stock_gateway
from ..support.pods import eventually, pod_of, pods_of, secrets_of
from .conftest import CATALOG

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="session")
def stock(
    kubeconfig: str, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    """Stock Enterprise Gateway with a kernelspec that names our proxy."""
    spec = json.loads((repository / "kernelspecs" / "python" / "kernel.json").read_text())
    spec["metadata"]["process_proxy"]["config"]["profile"] = "small"
    folder = tmp_path_factory.mktemp("stock")
    with run_stock_gateway(folder, CATALOG, kubeconfig, spec) as running:
        yield running


@pytest.fixture(params=["eg-ext serve", "stock"])
def any_gateway(request: pytest.FixtureRequest) -> tuple[RunningGateway, str]:
    """A gateway and the name of a kernelspec that it has."""
    if request.param == "stock":
        return request.getfixturevalue("stock"), "python_profile"
    return request.getfixturevalue("gateway"), "python-small"


def test_a_cell_runs_and_its_kernel_ends_without_a_trace(
    any_gateway: tuple[RunningGateway, str], core: CoreV1Api, user: str
) -> None:
    gateway, name = any_gateway
    kernel = gateway.start(name, user)
    with Channels(gateway, kernel["id"]) as channels:
        assert channels.execute("6 * 7").result == "42"
        assert channels.execute("print('hello')").text == "hello\n"
        failed = channels.execute("1 / 0")
        assert failed.status == "error"
        assert failed.errors == ["ZeroDivisionError: division by zero"]
    assert gateway.delete(kernel["id"]).status_code == 204
    assert gateway.request("GET", f"/api/kernels/{kernel['id']}").status_code == 404
    eventually(lambda: not pods_of(core, user) and not secrets_of(core, user))


def test_an_interrupt_stops_the_cell_and_keeps_the_kernel(
    any_gateway: tuple[RunningGateway, str], user: str
) -> None:
    gateway, name = any_gateway
    kernel = gateway.start(name, user)
    with Channels(gateway, kernel["id"]) as channels:
        channels.execute("x = 1")
        sleeping = channels.request_execution("import time; time.sleep(100)")
        channels.until(lambda m: m["content"].get("execution_state") == "busy")
        time.sleep(0.2)
        answer = gateway.request("POST", f"/api/kernels/{kernel['id']}/interrupt")
        assert answer.status_code == 204
        stopped = channels.collect(sleeping, patience=20)
        assert stopped.status == "error"
        assert stopped.errors == ["KeyboardInterrupt: "]
        assert channels.execute("x").result == "1"
    gateway.delete(kernel["id"])


def test_a_restart_gives_a_new_pod_behind_the_same_kernel(
    any_gateway: tuple[RunningGateway, str], core: CoreV1Api, user: str
) -> None:
    gateway, name = any_gateway
    kernel = gateway.start(name, user)
    before = pod_of(core, user).metadata
    with Channels(gateway, kernel["id"]) as channels:
        channels.execute("x = 1")
    answer = gateway.request("POST", f"/api/kernels/{kernel['id']}/restart")
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == kernel["id"]
    after = pod_of(core, user).metadata
    assert after.uid != before.uid
    assert after.labels["kernel_id"] == before.labels["kernel_id"] == kernel["id"]
    with Channels(gateway, kernel["id"]) as channels:
        assert channels.execute("x").errors == ["NameError: name 'x' is not defined"]
    gateway.delete(kernel["id"])
    eventually(lambda: not pods_of(core, user))


def test_nothing_of_the_gateways_environment_reaches_a_kernel(
    any_gateway: tuple[RunningGateway, str], core: CoreV1Api, user: str
) -> None:
    gateway, name = any_gateway
    kernel = gateway.start(name, user)
    with Channels(gateway, kernel["id"]) as channels:
        shown = channels.execute("import os; print('\\n'.join(os.environ))").text.split()
    assert "KERNEL_USERNAME" in shown
    assert "A_SECRET_OF_THE_GATEWAY" not in shown
    assert "EG_AUTH_TOKEN" not in shown
    assert "EG_EXT_CONNECTION" not in shown
    given = {variable.name for variable in pod_of(core, user).spec.containers[0].env}
    assert "A_SECRET_OF_THE_GATEWAY" not in given
    gateway.delete(kernel["id"])


def test_an_open_websocket_follows_its_kernel_through_a_restart(
    gateway: RunningGateway, user: str
) -> None:
    kernel = gateway.start("python-small", user)
    with Channels(gateway, kernel["id"]) as channels:
        channels.execute("x = 1")
        gateway.request("POST", f"/api/kernels/{kernel['id']}/restart").raise_for_status()
        assert channels.execute("x").errors == ["NameError: name 'x' is not defined"]
        assert channels.execute("2 + 2").result == "4"
    gateway.delete(kernel["id"])


def test_a_client_that_comes_back_gets_what_it_missed(gateway: RunningGateway, user: str) -> None:
    kernel = gateway.start("python-small", user)
    with Channels(gateway, kernel["id"]) as channels:
        session = channels.session
        channels.execute("x = 1")
        sent = channels.request_execution("import time; time.sleep(1); print('late')")
        channels.until(lambda m: m["content"].get("execution_state") == "busy")
    with Channels(gateway, kernel["id"], session) as channels:
        assert channels.collect(sent).text == "late\n"
    gateway.delete(kernel["id"])


def test_a_client_that_comes_back_after_a_restart_gets_the_new_kernel(
    gateway: RunningGateway, user: str
) -> None:
    kernel = gateway.start("python-small", user)
    with Channels(gateway, kernel["id"]) as channels:
        session = channels.session
        channels.execute("x = 1")
    gateway.request("POST", f"/api/kernels/{kernel['id']}/restart").raise_for_status()
    with Channels(gateway, kernel["id"], session) as channels:
        assert channels.execute("40 + 2").result == "42"
    gateway.delete(kernel["id"])
