"""Where a kernel listens: the same five ports in every pod, since every pod has its own IP."""

from __future__ import annotations

from typing import Any

SHELL_PORT = 9801
IOPUB_PORT = 9802
STDIN_PORT = 9803
CONTROL_PORT = 9804
HB_PORT = 9805

PORTS = {
    "shell": SHELL_PORT,
    "iopub": IOPUB_PORT,
    "stdin": STDIN_PORT,
    "control": CONTROL_PORT,
    "hb": HB_PORT,
}

CONNECTION_ENV = "EG_EXT_CONNECTION"
"""The variable that hands the connection to the launcher, which keeps it from the kernel."""

CONNECTION_KEY = "connection"
"""The key in the kernel's Secret."""


def connection_info(key: str, kernel_name: str, ip: str = "0.0.0.0") -> dict[str, Any]:
    """A Jupyter connection file's content.

    ``key`` signs the messages (HMAC-SHA256).  ``ip`` is where to listen; clients put
    the pod's address there.
    """
    return {
        "transport": "tcp",
        "ip": ip,
        **{f"{channel}_port": port for channel, port in PORTS.items()},
        "signature_scheme": "hmac-sha256",
        "key": key,
        "kernel_name": kernel_name,
    }
