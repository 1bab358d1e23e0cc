"""Fixtures of the jobs: papermill processes, and a stock gateway with kernels on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from ..support.wires import Proxy
from .running import JOBS_BIN, JobGateway, Jobs

LOCAL = "enterprise_gateway.services.processproxies.processproxy.LocalProcessProxy"
RunGateway = Callable[..., AbstractContextManager[JobGateway]]


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    """Runs notebooks with papermill."""
    jobs = Jobs(tmp_path)
    yield jobs
    jobs.close()


@pytest.fixture
def proxy(gateway: JobGateway) -> Iterator[Proxy]:
    """A way to the gateway that can be cut."""
    proxy = Proxy(gateway.port)
    yield proxy
    proxy.close()


@pytest.fixture(scope="session")
def run_local_gateway(tmp_path_factory: pytest.TempPathFactory) -> RunGateway:
    """Runs stock Enterprise Gateway; its kernels are processes of this machine."""

    @contextlib.contextmanager
    def run(*options: str, scheme: str = "http") -> Iterator[JobGateway]:
        folder = tmp_path_factory.mktemp("gateway")
        python, odd = str(JOBS_BIN / "python"), str(Path(__file__).with_name("odd_kernel.py"))
        ipykernel = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        _kernelspec(folder, "plain", ipykernel)
        _kernelspec(folder, "late", ["sh", "-c", 'sleep 8; exec "$@"', "late", *ipykernel])
        _kernelspec(folder, "odd", [python, odd, "-f", "{connection_file}"])
        port = _unused_port()
        environment = {
            **{key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ},
            "HOME": str(folder),
            "JUPYTER_PATH": str(folder),
            "EG_AUTH_TOKEN": "the token",
            "EG_LIST_KERNELS": "True",
            "EG_UNAUTHORIZED_USERS": "nobody",
            "EG_WS_PING_INTERVAL_SECS": "1",
        }
        log = folder / "log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [
                    str(Path(sys.executable).parent / "jupyter-enterprisegateway"),
                    *("--ip=127.0.0.1", f"--port={port}", "--port_retries=0", *options),
                ],
                env=environment,
                cwd=folder,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        gateway = JobGateway(f"{scheme}://127.0.0.1:{port}", "the token", "plain")
        try:
            _wait_until_it_listens(process, port, log)
            yield gateway
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    return run


@pytest.fixture
def unused_port() -> int:
    """A port that nobody listened on a moment ago."""
    return _unused_port()


def _unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _kernelspec(folder: Path, name: str, argv: list[str]) -> None:
    spec = {
        "argv": argv,
        "display_name": name,
        "language": "python",
        "metadata": {"process_proxy": {"class_name": LOCAL}},
    }
    target = folder / "kernels" / name / "kernel.json"
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(spec))


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"the gateway does not listen\n{log.read_text()}")
