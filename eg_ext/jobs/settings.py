"""Which gateway, and how to reach it: the variables that Jupyter's own gateway client reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import GatewayError

DEFAULT_START_TIMEOUT = 300.0
DEFAULT_CONNECT_TIMEOUT = 20.0
DEFAULT_RECONNECT_TIMEOUT = 300.0


@dataclass(frozen=True)
class GatewaySettings:
    """Everything that a run needs to know of its gateway. Times are seconds."""

    url: str
    """Base URL of the gateway, without a slash at the end."""
    ws_url: str
    """The same for websockets, where a proxy serves them elsewhere."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with each request and with the websocket; has the token, so it is never printed."""
    ca_certs: str | None = None
    """File with the certificates to trust; the system's when None."""
    client_cert: str | None = None
    client_key: str | None = None
    validate_cert: bool = True
    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT
    """For each connection to be established."""
    start_timeout: float = DEFAULT_START_TIMEOUT
    """For the gateway to start a kernel; a machine may have to come up first."""
    reconnect_timeout: float = DEFAULT_RECONNECT_TIMEOUT
    """For a broken connection to come back."""
    kernel_env: Mapping[str, str] = field(default_factory=dict)
    """Asked for the kernel; the gateway decides which of it counts."""

    @classmethod
    def from_environ(
        cls,
        environ: Mapping[str, str],
        *,
        url: str | None = None,
        token: str | None = None,
        start_timeout: float | None = None,
        reconnect_timeout: float | None = None,
        kernel_env: Mapping[str, str] | None = None,
    ) -> GatewaySettings:
        """Read the environment; what is given as an argument goes first.

        :raises GatewayError: when a value is missing or is not what its name says.
        """
        url = (url or environ.get("JUPYTER_GATEWAY_URL", "")).rstrip("/")
        if not url.startswith(("http://", "https://")):
            raise GatewayError(
                f"JUPYTER_GATEWAY_URL must be set to the gateway's http:// or https:// address, "
                f"and is {url!r}."
            )
        ws_url = environ.get("JUPYTER_GATEWAY_WS_URL", "").rstrip("/") or "ws" + url[len("http") :]
        return cls(
            url=url,
            ws_url=ws_url,
            headers=_headers(environ, token),
            ca_certs=environ.get("JUPYTER_GATEWAY_CA_CERTS") or None,
            client_cert=environ.get("JUPYTER_GATEWAY_CLIENT_CERT") or None,
            client_key=environ.get("JUPYTER_GATEWAY_CLIENT_KEY") or None,
            validate_cert=_boolean(environ, "JUPYTER_GATEWAY_VALIDATE_CERT", True),
            connect_timeout=_seconds(
                environ, "JUPYTER_GATEWAY_CONNECT_TIMEOUT", DEFAULT_CONNECT_TIMEOUT
            ),
            start_timeout=start_timeout
            or _seconds(environ, "JUPYTER_GATEWAY_REQUEST_TIMEOUT", DEFAULT_START_TIMEOUT),
            reconnect_timeout=(
                DEFAULT_RECONNECT_TIMEOUT if reconnect_timeout is None else reconnect_timeout
            ),
            kernel_env={**_kernel_env(environ), **(kernel_env or {})},
        )


def _headers(environ: Mapping[str, str], token: str | None) -> dict[str, str]:
    """Return the headers of JUPYTER_GATEWAY_HEADERS and the one that carries the token."""
    text = environ.get("JUPYTER_GATEWAY_HEADERS") or "{}"
    try:
        headers = json.loads(text)
    except ValueError:
        headers = None
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        raise GatewayError("JUPYTER_GATEWAY_HEADERS must be a JSON object of strings.")
    token = token or environ.get("JUPYTER_GATEWAY_AUTH_TOKEN", "")
    if token:
        name = environ.get("JUPYTER_GATEWAY_AUTH_HEADER_KEY") or "Authorization"
        scheme = environ.get("JUPYTER_GATEWAY_AUTH_SCHEME", "token")
        headers[name] = f"{scheme} {token}".strip()
    return headers


def _kernel_env(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what Jupyter's client sends: KERNEL_*, and the names that the user adds."""
    added = environ.get("JUPYTER_GATEWAY_ALLOWED_ENVS", "").split(",")
    names = {name.strip() for name in added}
    return {
        name: value
        for name, value in environ.items()
        if name.startswith("KERNEL_") or name in names
    }


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name) or str(default)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise GatewayError(f"{name} must be a number of seconds above 0, and is {text!r}.")
    return seconds


def _boolean(environ: Mapping[str, str], name: str, default: bool) -> bool:
    text = environ.get(name) or str(default)
    if text.lower() not in {"true", "yes", "1", "false", "no", "0"}:
        raise GatewayError(f"{name} must be true or false, and is {text!r}.")
    return text.lower() in {"true", "yes", "1"}
