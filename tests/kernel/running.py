"""Launchers as real processes, and clients that speak to their kernels."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jupyter_client import BlockingKernelClient

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("KERNEL_PYTHON") or str(ROOT / ".venv-jobs" / "bin" / "python")
"""The launcher runs where kernels run: with a current ipykernel and pyzmq. The tests themselves
speak with the jupyter_client that the gateway has. ``KERNEL_PYTHON`` names another interpreter,
which needs eg_ext and ipykernel."""
IPYKERNEL = (PYTHON, "-m", "ipykernel_launcher", "-f", "{connection_file}")
HANG = 30.0
"""Seconds after which a test gives up; nothing is measured with it."""


def make_connection(**changes: object) -> dict[str, Any]:
    """Return a connection on a loopback address of its own: fixed ports, as in a pod."""
    a, b, c = secrets.token_bytes(3)
    connection = {
        "transport": "tcp",
        "ip": f"127.{a}.{b}.{c % 250 + 1}",
        "shell_port": 9801,
        "iopub_port": 9802,
        "stdin_port": 9803,
        "control_port": 9804,
        "hb_port": 9805,
        "signature_scheme": "hmac-sha256",
        "key": secrets.token_hex(16),
        "kernel_name": "test",
    }
    return {**connection, **changes}


class Launched:
    """A launcher, the files that it writes to, and clients of its kernel."""

    def __init__(
        self,
        folder: Path,
        argv: Sequence[str] = IPYKERNEL,
        *,
        options: Sequence[str] = (),
        around: Sequence[str] = (),
        connection: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        """Start it.

        Args:
            folder: an empty folder of the test's.
            argv: the kernel's command.
            options: the launcher's own.
            around: a command that runs the launcher, such as ``unshare``.
            connection: replaces a fresh one.
            environment: further variables.
        """
        self.connection = make_connection() if connection is None else connection
        self.log, self.reason_file = folder / "log", folder / "termination-log"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.reason_file.touch()
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "HOME": str(folder),
            "TMPDIR": str(self.temporary),
            "EG_EXT_CONNECTION": json.dumps(self.connection),
            **(environment or {}),
        }
        command = [*around, PYTHON, "-m", "eg_ext.kernel.launcher"]
        command += ["--termination-log", str(self.reason_file), *options, "--", *argv]
        with self.log.open("wb") as stream:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=self.environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._clients: list[BlockingKernelClient] = []

    def client(self) -> BlockingKernelClient:
        """Return a new client of the kernel, as soon as the kernel answers."""
        client = BlockingKernelClient()
        client.load_connection_info(self.connection)
        client.start_channels()
        self._clients.append(client)
        # Not wait_for_ready: under load it takes a late heartbeat for the kernel's death.
        end = time.monotonic() + HANG
        while time.monotonic() < end:
            client.kernel_info()
            try:
                client.get_shell_msg(timeout=5)
                client.get_iopub_msg(timeout=0.5)
            except queue.Empty:
                continue
            return client
        raise AssertionError(f"The kernel does not answer.\n{self.output}")

    @property
    def output(self) -> str:
        """What the container's log would be."""
        return self.log.read_text(errors="replace")

    def wait_for_output(self, text: str) -> None:
        """Return when ``text`` is in the log."""
        wait_until(lambda: text in self.output, lambda: self.output)

    @property
    def kernel_pid(self) -> int:
        """The launcher's only child."""
        return children(self.process.pid)[0]

    def end(self) -> tuple[int, str]:
        """Wait for the launcher's end; return its exit code and the termination message."""
        try:
            code = self.process.wait(HANG)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"The launcher does not end.\n{self.output}") from None
        return code, self.reason_file.read_text()

    def close(self) -> None:
        """End everything, whatever state it is in."""
        for client in self._clients:
            client.stop_channels()
        group = children(self.process.pid)
        self.process.kill()
        self.process.wait()
        for pid in group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """Return the process numbers of the children of ``pid``."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def wait_until(condition: Callable[[], bool], explain: Callable[[], str]) -> None:
    """Return as soon as ``condition`` holds."""
    end = time.monotonic() + HANG
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(explain())
        time.sleep(0.02)


def execute(client: BlockingKernelClient, code: str) -> str:
    """Run a cell that has to succeed; return what it printed."""
    printed: list[str] = []

    def collect(message: dict[str, Any]) -> None:
        printed.append(message["content"].get("text", ""))

    reply = client.execute_interactive(code, timeout=HANG, output_hook=collect, allow_stdin=False)
    assert reply["content"]["status"] == "ok", reply["content"]
    return "".join(printed)


def begin(client: BlockingKernelClient, code: str) -> str:
    """Start a cell that waits for something; return its message's id when it waits.

    A thread reports it a moment after the start: a signal must meet the waiting, not the
    kernel's own code that leads there.
    """
    token = secrets.token_hex(8)
    first = f"import threading; threading.Timer(0.3, print, ['{token}']).start()"
    request: str = client.execute(f"{first}\n{code}", allow_stdin=False, stop_on_error=False)
    while token not in str(client.get_iopub_msg(timeout=HANG)["content"].get("text")):
        continue
    return request


def reply(client: BlockingKernelClient, request: str) -> dict[str, Any]:
    """Return the content of the shell reply to ``request``."""
    while True:
        message = client.get_shell_msg(timeout=HANG)
        if message["parent_header"].get("msg_id") == request:
            content: dict[str, Any] = message["content"]
            return content


def ask(client: BlockingKernelClient, kind: str, content: object = None) -> dict[str, Any]:
    """Send a request on the control channel and return the whole reply."""
    message = client.session.msg(kind, content or {})
    client.control_channel.send(message)
    while True:
        answer: dict[str, Any] = client.get_control_msg(timeout=HANG)
        if answer["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            return answer
