"""The connection: five ports and a key, from the environment into the kernel's connection file.

A connection file has one ``ip`` for all ports. So the kernel's own control port cannot be bound
to the loopback address alone: it is a further port on the same address, signed like the others.
"""

from __future__ import annotations

import json
import os
import socket

from .errors import LaunchError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VARIABLE = "EG_EXT_CONNECTION"
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
SCHEME = "hmac-sha256"


class Connection:
    """A connection as the gateway made it."""

    def __init__(self, info: dict[str, Any]) -> None:
        self.info = info
        """Everything that was given, unknown keys too: a kernel may need them."""
        self.ip: str = info["ip"]
        self.control_port: int = info["control_port"]
        """The public one, which the launcher owns."""
        self.key: bytes = info["key"].encode()

    @property
    def local_ip(self) -> str:
        """The address under which this machine itself reaches the kernel."""
        return "127.0.0.1" if self.ip == "0.0.0.0" else self.ip


def loads(text: str | None) -> Connection:
    """Read the JSON of a Jupyter connection file.

    Raises:
        LaunchError: it is missing or unusable. The text of the error never contains the key.
    """
    if not text:
        raise LaunchError(f"The environment variable {VARIABLE} is missing or empty.")
    try:
        info = json.loads(text)
    except (ValueError, RecursionError):
        # Without its cause: that carries the document, and so the key.
        raise LaunchError(f"{VARIABLE} is not valid JSON.") from None
    if not isinstance(info, dict):
        raise LaunchError(f"{VARIABLE} is not a JSON object.")
    if info.get("transport") != "tcp":
        raise LaunchError(f"{VARIABLE}: transport must be 'tcp'.")
    if info.get("signature_scheme") != SCHEME:
        raise LaunchError(f"{VARIABLE}: signature_scheme must be '{SCHEME}'.")
    ip, key = info.get("ip"), info.get("key")
    if not isinstance(ip, str) or not ip:
        raise LaunchError(f"{VARIABLE}: ip must be an address such as '0.0.0.0'.")
    if not isinstance(key, str) or not key:
        raise LaunchError(f"{VARIABLE}: key must not be empty, or anybody could run code here.")
    ports = [info.get(name) for name in PORTS]
    for name, port in zip(PORTS, ports, strict=True):
        if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
            raise LaunchError(f"{VARIABLE}: {name} must be a number between 1 and 65535.")
    if len(set(ports)) != len(ports):
        raise LaunchError(f"{VARIABLE}: the five ports must be different.")
    return Connection(info)


def listen(connection: Connection) -> socket.socket:
    """Open the public control port.

    Clients can connect from now on; what they send waits in the system until it is read.

    Raises:
        LaunchError: the port is taken, or ``ip`` is no address of this machine.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((connection.ip, connection.control_port))
    except OSError as error:
        listener.close()
        raise LaunchError(
            f"The control port {connection.control_port} cannot be opened on {connection.ip!r}: "
            f"{error.strerror}."
        ) from None
    listener.listen()
    listener.setblocking(False)
    return listener


def listens(connection: Connection) -> bool:
    """Return whether the kernel's shell port accepts connections."""
    with socket.socket() as probe:
        return probe.connect_ex((connection.local_ip, connection.info["shell_port"])) == 0


def kernel_info(connection: Connection) -> dict[str, Any]:
    """Return the kernel's own connection: the same but for a free control port."""
    taken = {connection.info[name] for name in PORTS}
    while True:
        with socket.socket() as probe:
            probe.bind((connection.ip, 0))
            port = probe.getsockname()[1]
        if port not in taken:
            return {**connection.info, "control_port": port}


def write_file(info: dict[str, Any]) -> str:
    """Write ``info`` to a new file that only this user can read and return its path.

    The first of TMPDIR, /tmp and /dev/shm that can be written is used: with a read-only root
    file system a pod still has /dev/shm.

    Raises:
        LaunchError: none of them can be written.
    """
    problem = None
    for parent in (os.environ.get("TMPDIR"), "/tmp", "/dev/shm"):
        if not parent:
            continue
        folder = f"{parent}/eg-ext-kernel-{os.urandom(8).hex()}"
        path = f"{folder}/connection.json"
        try:
            os.mkdir(folder, 0o700)  # noqa: PTH102 (pathlib costs milliseconds of the start)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(info, file)
        except OSError as error:
            remove_file(path)
            problem = error
            continue
        return path
    reason = problem.strerror if problem else "no folder"
    raise LaunchError(
        f"The connection file cannot be written in TMPDIR, /tmp or /dev/shm: {reason}."
    )


def remove_file(path: str) -> None:
    """Remove a connection file and its folder; the kernel may have removed the file itself."""
    folder = path.rpartition("/")[0]
    for remove, target in ((os.unlink, path), (os.rmdir, folder)):
        try:
            remove(target)
        except OSError:
            # Not there, or somebody put more into the folder: nothing of ours is left to remove.
            continue
