"""Gateways as processes, as a user runs them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

__all__ = ["RunningGateway", "free_port", "install_kernelspecs", "run_gateway", "run_stock_gateway"]

BIN = Path(sys.executable).parent


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class RunningGateway:
    """A gateway process that answers."""

    url: str
    token: str
    name: str
    log: Path
    process: subprocess.Popen[bytes]
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.headers["Authorization"] = f"token {self.token}"

    def request(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """Any request; no status is an error."""
        kwargs.setdefault("timeout", 120)
        return self.session.request(method, f"{self.url}{path}", **kwargs)

    def get(self, path: str) -> Any:
        """The JSON answer of a GET that must succeed."""
        answer = self.request("GET", path)
        assert answer.ok, f"{answer.status_code} {answer.text}"
        return answer.json()

    def start(self, name: str, user: str) -> dict[str, Any]:
        """Start a kernel that must start, and return its model."""
        answer = self.try_start(name, user)
        assert answer.status_code == 201, f"{answer.status_code} {answer.text}\n{self.tail()}"
        model: dict[str, Any] = answer.json()
        return model

    def try_start(self, name: str, user: str, **env: str) -> requests.Response:
        """Ask for a kernel, whatever comes of it."""
        body = {"name": name, "env": {"KERNEL_USERNAME": user, **env}}
        return self.request("POST", "/api/kernels", json=body)

    def delete(self, kernel_id: str) -> requests.Response:
        """Shut a kernel down."""
        return self.request("DELETE", f"/api/kernels/{kernel_id}")

    def tail(self, lines: int = 40) -> str:
        """The end of the gateway's log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_until_up(self, patience: float = 60) -> None:
        """Return when it answers; fail with its log if it does not."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(requests.ConnectionError):
                if self.request("GET", "/api").ok:
                    return
            time.sleep(0.1)
        raise AssertionError(f"the gateway does not answer\n{self.tail()}")

    def stop(self, patience: float = 60) -> int:
        """SIGTERM, and wait for the end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(patience)


def install_kernelspecs(data_dir: Path) -> None:
    """Put our kernelspecs below a Jupyter data directory."""
    command = [BIN / "eg-ext", "kernelspecs", "install", "--prefix", data_dir]
    subprocess.run(command, check=True, timeout=60)


@contextlib.contextmanager
def run_gateway(
    folder: Path,
    catalog: Path,
    kubeconfig: str,
    *options: str,
    name: str | None = None,
    token: str | None = None,
) -> Iterator[RunningGateway]:
    """``eg-ext serve`` with its state below `folder`."""
    name = name or f"test-{secrets.token_hex(4)}"
    command = [
        str(BIN / "eg-ext"),
        "serve",
        f"--catalog={catalog}",
        f"--kubeconfig={kubeconfig}",
        f"--gateway-name={name}",
        *options,
    ]
    with _run(folder, command, name, token) as gateway:
        yield gateway


@contextlib.contextmanager
def run_stock_gateway(
    folder: Path, catalog: Path, kubeconfig: str, kernelspec: dict[str, Any], *options: str
) -> Iterator[RunningGateway]:
    """Stock ``jupyter enterprisegateway`` with one kernelspec that names our proxy."""
    name = f"stock-{secrets.token_hex(4)}"
    spec_dir = folder / "share" / "jupyter" / "kernels" / "python_profile"
    spec_dir.mkdir(parents=True)
    (spec_dir / "kernel.json").write_text(json.dumps(kernelspec))
    command = [
        str(BIN / "jupyter-enterprisegateway"),
        f"--KernelProfiles.catalog_file={catalog}",
        f"--KernelProfiles.kubeconfig={kubeconfig}",
        f"--KernelProfiles.gateway_name={name}",
        "--EnterpriseGatewayApp.list_kernels=True",
        *options,
    ]
    with _run(folder, command, name, None) as gateway:
        yield gateway


@contextlib.contextmanager
def _run(folder: Path, command: list[str], name: str, token: str | None) -> Iterator[Any]:
    port, token = free_port(), token or secrets.token_hex(8)
    log = folder / "gateway.log"
    data = folder / "share" / "jupyter"
    if not (data / "kernels").exists():
        install_kernelspecs(folder)
    environment = {
        **{key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ},
        "JUPYTER_PATH": str(data),
        "JUPYTER_DATA_DIR": str(data),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_NO_CONFIG": "1",
        "EG_AUTH_TOKEN": token,
        "A_SECRET_OF_THE_GATEWAY": "must-not-reach-a-kernel",
    }
    command = [*command, "--ip=127.0.0.1", f"--port={port}", "--port_retries=0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
    gateway = RunningGateway(f"http://127.0.0.1:{port}", token, name, log, process)
    try:
        gateway.wait_until_up()
        yield gateway
    finally:
        try:
            gateway.stop()
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
