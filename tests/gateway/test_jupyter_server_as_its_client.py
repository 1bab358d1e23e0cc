"""A current Jupyter Server with ``--gateway-url``, as users of JupyterLab have it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import CoreV1Api

from ..support.channels import Channels
from ..support.gateways import RunningGateway, free_port
from ..support.pods import eventually, pod_of, pods_of

pytestmark = [pytest.mark.cluster, pytest.mark.jobs]


@pytest.fixture
def lab(
    gateway: RunningGateway, user: str, tmp_path: Path, repository: Path
) -> Iterator[RunningGateway]:
    """The user's own Jupyter Server, connected to the gateway."""
    port, log = free_port(), tmp_path / "server.log"
    environment = {
        **{key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ},
        "HOME": str(tmp_path),
        "KERNEL_USERNAME": user,
        "JUPYTER_GATEWAY_AUTH_TOKEN": gateway.token,
        "JUPYTER_TOKEN": "the-users-own",
    }
    command = [
        str(repository / ".venv-jobs" / "bin" / "jupyter-server"),
        "--no-browser",
        "--allow-root",
        f"--gateway-url={gateway.url}",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={tmp_path}",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    server = RunningGateway(f"http://127.0.0.1:{port}", "the-users-own", "lab", log, process)
    try:
        server.wait_until_up()
        yield server
    finally:
        server.stop()


def open_notebook(lab: RunningGateway, kernel: str) -> dict[str, Any]:
    """What JupyterLab does when a notebook is opened with a kernel."""
    body = {
        "path": "analysis.ipynb",
        "name": "analysis.ipynb",
        "type": "notebook",
        "kernel": {"name": kernel},
    }
    answer = lab.request("POST", "/api/sessions", json=body)
    assert answer.status_code == 201, f"{answer.text}\n{lab.tail()}"
    session: dict[str, Any] = answer.json()
    return session


def test_the_launcher_shows_profiles(lab: RunningGateway) -> None:
    lab.get("/api/kernelspecs")  # with its first listing Jupyter Server learns of the default
    listed = lab.get("/api/kernelspecs")
    assert listed["default"] == "python-small"
    assert listed["kernelspecs"]["python-gpu"]["spec"]["display_name"] == "Python 3 · GPU"
    logo = listed["kernelspecs"]["python-gpu"]["resources"]["logo-64x64"]
    assert lab.request("GET", logo).content.startswith(b"\x89PNG")


def test_a_notebook_from_opening_to_shutting_down(
    lab: RunningGateway, core: CoreV1Api, user: str
) -> None:
    session = open_notebook(lab, "python-small")
    kernel_id = session["kernel"]["id"]
    assert pod_of(core, user).metadata.labels["kernel_id"] == kernel_id
    with Channels(lab, kernel_id) as channels:
        assert channels.execute("6 * 7").result == "42"
        # Interrupt.
        sleeping = channels.request_execution("import time; time.sleep(100)")
        channels.until(lambda message: message["content"].get("execution_state") == "busy")
        time.sleep(0.2)
        assert lab.request("POST", f"/api/kernels/{kernel_id}/interrupt").status_code == 204
        assert channels.collect(sleeping, patience=20).errors == ["KeyboardInterrupt: "]
        # Restart, with the websocket open as JupyterLab keeps it.
        channels.execute("x = 1")
        before = pod_of(core, user).metadata.uid
        assert lab.request("POST", f"/api/kernels/{kernel_id}/restart").ok
        assert pod_of(core, user).metadata.uid != before
        assert channels.execute("x").errors == ["NameError: name 'x' is not defined"]
        channels.execute("x = 2")
    # The browser comes back.
    with Channels(lab, kernel_id, channels.session) as channels:
        assert channels.execute("x").result == "2"
    assert [kernel["id"] for kernel in lab.get("/api/kernels")] == [kernel_id]
    assert lab.request("DELETE", f"/api/sessions/{session['id']}").status_code == 204
    assert lab.get("/api/sessions") == []
    eventually(lambda: not pods_of(core, user))


def test_a_crash_is_explained_in_the_notebook(lab: RunningGateway) -> None:
    session = open_notebook(lab, "python-tight")
    kernel_id = session["kernel"]["id"]
    with Channels(lab, kernel_id) as channels:
        channels.request_execution("x = bytearray(10**9)")
        said = channels.until(
            lambda message: message["msg_type"] == "stream" and "eg_ext" in message["metadata"]
        )
        assert "memory" in said["content"]["text"]
        channels.until(lambda m: m["content"].get("execution_state") == "restarting")
        assert channels.execute("1 + 1").result == "2"
    lab.request("DELETE", f"/api/sessions/{session['id']}")


def test_a_start_that_fails_is_explained_in_the_dialog(
    lab: RunningGateway, core: CoreV1Api, user: str
) -> None:
    body = {
        "path": "x.ipynb",
        "name": "",
        "type": "notebook",
        "kernel": {"name": "python-nowhere-briefly"},
    }
    answer = lab.request("POST", "/api/sessions", json=body)
    assert answer.status_code >= 400
    assert "The kernel did not start within 3 s. No node can take" in answer.json()["message"]
    eventually(lambda: not pods_of(core, user))
