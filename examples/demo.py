"""The demo: one notebook in kernel pods of two profiles, through a gateway that stays up.

``make demo`` runs it; ``make down`` runs it with ``--stop``. What it shows of the
pods is what the cluster's API server says while they run.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes import client, config

ROOT = Path(__file__).parents[1]
STATE = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local/state")) / "eg-ext" / "demo"
CATALOG = ROOT / "examples" / "catalog.yaml"
NOTEBOOK = ROOT / "examples" / "notebooks" / "hello.ipynb"
USER = "demo"
PROFILES = ("small", "gpu")
PORT = 8888


@dataclass(frozen=True)
class Gateway:
    """A gateway process of the demo's."""

    pid: int
    url: str
    token: str

    def answers(self) -> bool:
        """It is there and knows the token."""
        request = urllib.request.Request(f"{self.url}/api/kernelspecs")
        request.add_header("Authorization", f"token {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False


def kubeconfig() -> str:
    """``$KUBECONFIG``, or that of devcluster."""
    given = os.environ.get("KUBECONFIG")
    if given:
        return given
    command = [sys.executable, "-m", "devcluster", "kubeconfig"]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def running_gateway() -> Gateway | None:
    """The gateway of an earlier demo, if it still answers."""
    try:
        gateway = Gateway(**json.loads((STATE / "gateway.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return gateway if gateway.answers() else None


def install_kernelspecs() -> None:
    """Install them with the image that ``make images`` makes of the same REGISTRY and TAG.

    A gateway that runs already takes the new ones.
    """
    STATE.mkdir(parents=True, exist_ok=True, mode=0o700)
    install = [Path(sys.executable).with_name("eg-ext"), "kernelspecs", "install"]
    install += [f"--prefix={STATE}"]
    for option, name in (("--registry", "REGISTRY"), ("--tag", "TAG")):
        if os.environ.get(name):
            install += [f"{option}={os.environ[name]}"]
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL)


def start_gateway() -> Gateway:
    """Start ``eg-ext serve`` and wait until it answers."""
    bin_dir = Path(sys.executable).parent
    token = secrets.token_hex(16)
    environment = {
        **os.environ,
        "EG_AUTH_TOKEN": token,
        "JUPYTER_PATH": str(STATE / "share" / "jupyter"),
    }
    command = [
        str(bin_dir / "eg-ext"),
        "serve",
        f"--catalog={CATALOG}",
        f"--kubeconfig={kubeconfig()}",
        "--gateway-name=demo",
        "--ip=127.0.0.1",
        f"--port={PORT}",
    ]
    log = STATE / "gateway.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    for _ in range(300):
        time.sleep(0.1)
        if process.poll() is not None:
            break
        url = _announced_url(log)
        gateway = Gateway(process.pid, url, token) if url else None
        if gateway and gateway.answers():
            (STATE / "gateway.json").touch(mode=0o600)
            (STATE / "gateway.json").write_text(json.dumps(vars(gateway)))
            return gateway
    process.kill()
    sys.exit(f"The gateway did not start; its log {log} ends with:\n{_tail(log)}")


def _announced_url(log: Path) -> str | None:
    """Where the gateway says that it listens: the port may have been taken."""
    for line in log.read_text(errors="replace").splitlines():
        if " is available at " in line:
            return line.rpartition(" ")[2]
    return None


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-20:])


class PodSpotter:
    """Reads a kernel's pod from the API server while it runs."""

    def __init__(self, profile: str) -> None:
        self._core = client.CoreV1Api(config.new_client_from_config(kubeconfig()))
        self._selector = f"eg-ext.io/gateway=demo,eg-ext.io/profile={profile}"
        self._done = threading.Event()
        self.pod: Any = None
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> PodSpotter:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.1):
            pods = self._core.list_pod_for_all_namespaces(label_selector=self._selector).items
            for pod in pods:
                if pod.status.phase == "Running":
                    self.pod = pod
                    return


def run_notebook(gateway: Gateway, profile: str) -> dict[str, str]:
    """Run the notebook with papermill and say what the cluster saw of it."""
    output = STATE / f"hello-{profile}.ipynb"
    papermill = ROOT / ".venv-jobs" / "bin" / "papermill"
    command = [papermill, "--engine", "eg-ext", "-k", f"python-{profile}", NOTEBOOK, output]
    environment = {
        **os.environ,
        "JUPYTER_GATEWAY_URL": gateway.url,
        "JUPYTER_GATEWAY_AUTH_TOKEN": gateway.token,
        "KERNEL_USERNAME": USER,
    }
    with PodSpotter(profile) as spotter:
        done = subprocess.run(
            [*command, "--no-progress-bar"], env=environment, capture_output=True, text=True
        )
    if done.returncode != 0:
        sys.exit(
            f"papermill failed on {profile}:\n{done.stderr}\nThe gateway says:\n"
            f"{_tail(STATE / 'gateway.log')}"
        )
    notebook = json.loads(output.read_text())
    pod = spotter.pod
    container = pod.spec.containers[0].resources
    return {
        "profile": profile,
        "node": pod.spec.node_name,
        "pod": f"{pod.metadata.namespace}/{pod.metadata.name}",
        "requests": _resources(container.requests),
        "limits": _resources(container.limits),
        "start": f"{notebook['metadata']['eg_ext']['start_seconds']:.2f} s",
        "result": _result(notebook),
    }


def _resources(resources: dict[str, str] | None) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted((resources or {}).items()))


def _result(notebook: dict[str, Any]) -> str:
    """What the notebook's last cell shows."""
    last = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][-1]
    for output in last["outputs"]:
        if "data" in output:
            return "".join(output["data"]["text/plain"]).strip("'")
        if "text" in output:
            return "".join(output["text"]).strip()
    return "(nothing)"


def print_table(rows: list[dict[str, str]]) -> None:
    """One line a row, columns as wide as they need to be."""
    headings = {name: name.upper() for name in rows[0]}
    widths = {name: max(len(row[name]) for row in [headings, *rows]) for name in headings}
    for row in [headings, *rows]:
        print("  ".join(row[name].ljust(width) for name, width in widths.items()).rstrip())


def stop() -> None:
    """Stop the gateway; its kernels end with it."""
    gateway = running_gateway()
    if gateway is None:
        return
    os.kill(gateway.pid, signal.SIGTERM)
    for _ in range(300):
        if not gateway.answers():
            break
        time.sleep(0.1)
    (STATE / "gateway.json").unlink(missing_ok=True)
    print("The gateway is stopped.")


def main() -> None:
    """Run the demo, or stop what it left running."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stop", action="store_true", help="stop the demo's gateway")
    if parser.parse_args().stop:
        stop()
        return
    install_kernelspecs()
    gateway = running_gateway() or start_gateway()
    rows = []
    for profile in PROFILES:
        print(f"Running {NOTEBOOK.name} on python-{profile} …", flush=True)
        rows.append(run_notebook(gateway, profile))
    print()
    print_table(rows)
    print(f"""
The gateway listens at {gateway.url} (log: {STATE / "gateway.log"}).
Use it from JupyterLab:
  KERNEL_USERNAME={USER} JUPYTER_GATEWAY_AUTH_TOKEN={gateway.token} \\
  jupyter lab --gateway-url={gateway.url}
`make down` stops it and the cluster.""")


if __name__ == "__main__":
    main()
