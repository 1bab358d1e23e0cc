"""The gateway's HTTP API and the door to its websocket, with errors that people can read.

tornado is the client: jupyter_client depends on it already, it speaks HTTP and websockets on the
same event loop, pings by itself, and it is the other end's library too.
"""

from __future__ import annotations

import asyncio
import difflib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.iostream import StreamClosedError
from tornado.simple_httpclient import HTTPTimeoutError
from tornado.websocket import WebSocketClientConnection, WebSocketError, websocket_connect

from .errors import GatewayRefused, GatewayUnreachable
from .settings import GatewaySettings

REQUEST_TIMEOUT = 20.0  # seconds, for requests that start nothing
HANDSHAKE_TIMEOUT = 90.0  # a gateway waits up to 60 s for a kernel before it opens a websocket
ANSWER_MARGIN = 5.0  # the gateway's own time-out has the better message: let it be the first
PING_INTERVAL = 30.0  # proxies on the way cut connections that are silent for 60 s
MAX_MESSAGE = 1 << 30  # bytes; tornado's default of 10 MiB is less than one large output
DELETE_ATTEMPTS = 3


class _AnswerOverdue(GatewayUnreachable):
    """The gateway has the request and owes the answer."""


class GatewayApi:
    """One gateway, as one user sees it. Use it on one event loop and close it there."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._client = AsyncHTTPClient(force_instance=True)

    @property
    def url(self) -> str:
        return self._settings.url

    def close(self) -> None:
        self._client.close()

    async def start_kernel(self, name: str) -> str:
        """Start a kernel and return its id.

        :raises GatewayRefused: with the gateway's reason, or with the kernels that it has.
        :raises GatewayUnreachable: also when the start takes longer than the settings allow.
        """
        timeout = self._settings.start_timeout
        env = {"KERNEL_LAUNCH_TIMEOUT": str(int(timeout)), **self._settings.kernel_env}
        try:
            kernel = await self._json(
                "POST", "/api/kernels", {"name": name, "env": env}, timeout + ANSWER_MARGIN
            )
        except GatewayRefused as refusal:
            # A gateway may answer to an unknown name with a bare 500. Those that it knows are
            # asked for only now, so that a start that works costs one request.
            if refusal.status not in {400, 404, 500}:
                raise
            names = await self.kernel_names()
            if name in names:
                raise
            raise GatewayRefused(refusal.status, _unknown(self.url, name, names)) from None
        except _AnswerOverdue:
            raise GatewayUnreachable(
                f"Kernel {name!r} did not start within {timeout:g} s. Give more time with "
                "--start-timeout or JUPYTER_GATEWAY_REQUEST_TIMEOUT, more than the profile's "
                "start_timeout."
            ) from None
        return str(kernel["id"])

    async def kernel_names(self) -> list[str]:
        """Return the names of the kernels that this user may start, sorted."""
        user = self._settings.kernel_env.get("KERNEL_USERNAME")
        query = f"?{urlencode({'user': user})}" if user else ""
        answer = await self._json("GET", f"/api/kernelspecs{query}")
        return sorted(answer.get("kernelspecs", {}))

    async def has_kernel(self, kernel_id: str) -> bool:
        """Say whether the gateway still knows a kernel."""
        try:
            await self._json("GET", _kernel_path(kernel_id))
        except GatewayRefused as refusal:
            if refusal.status == 404:
                return False
            raise
        return True

    async def interrupt(self, kernel_id: str) -> None:
        """Stop the cell that runs."""
        await self._json("POST", f"{_kernel_path(kernel_id)}/interrupt", {})

    async def delete(self, kernel_id: str) -> None:
        """Stop a kernel; one that is gone already is fine."""
        for attempt in range(1, DELETE_ATTEMPTS + 1):
            try:
                await self._json("DELETE", _kernel_path(kernel_id))
            except GatewayUnreachable:
                if attempt == DELETE_ATTEMPTS:
                    raise
                await asyncio.sleep(attempt)
            except GatewayRefused as refusal:
                if refusal.status == 404:
                    return
                if refusal.status < 500 or attempt == DELETE_ATTEMPTS:
                    raise
                await asyncio.sleep(attempt)
            else:
                return

    async def open_channels(self, kernel_id: str, session_id: str) -> WebSocketClientConnection:
        """Open a kernel's websocket.

        Under the session id the gateway keeps the messages of a connection that broke, and replays
        them to the one that comes after it.
        """
        query = urlencode({"session_id": session_id})
        path = f"{_kernel_path(kernel_id)}/channels?{query}"
        request = self._request("GET", self._settings.ws_url + path, HANDSHAKE_TIMEOUT)
        try:
            return await websocket_connect(
                request,
                ping_interval=PING_INTERVAL,
                ping_timeout=PING_INTERVAL,
                max_message_size=MAX_MESSAGE,
            )
        except HTTPClientError as error:
            raise self._error(error) from None
        except WebSocketError:
            raise GatewayRefused(
                502, f"{self._settings.ws_url} answers, but does not open a websocket."
            ) from None
        except OSError as error:
            raise self._unreachable(error) from None

    async def _json(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        timeout: float = REQUEST_TIMEOUT,
    ) -> dict[str, Any]:
        """Return the JSON object that answers a request, an empty one when the answer is empty."""
        request = self._request(method, self.url + path, timeout)
        if body is not None:
            request.headers["Content-Type"] = "application/json"
            request.body = json.dumps(body).encode()
        try:
            response = await self._client.fetch(request)
        except HTTPClientError as error:
            raise self._error(error) from None
        except OSError as error:
            raise self._unreachable(error) from None
        if not response.body:
            return {}
        answer = _object(response)
        if answer is None:
            raise GatewayRefused(
                502, f"{self.url} answers, but not as a Jupyter gateway does. Is it the right URL?"
            )
        return answer

    def _request(self, method: str, url: str, timeout: float) -> HTTPRequest:
        settings = self._settings
        return HTTPRequest(
            url,
            method,
            headers=dict(settings.headers),
            connect_timeout=min(settings.connect_timeout, timeout),
            request_timeout=timeout,
            follow_redirects=False,
            validate_cert=settings.validate_cert,
            ca_certs=settings.ca_certs,
            client_cert=settings.client_cert,
            client_key=settings.client_key,
        )

    def _error(self, error: HTTPClientError) -> GatewayRefused | GatewayUnreachable:
        """Turn tornado's error into a sentence."""
        if isinstance(error, HTTPTimeoutError):
            # Only the text tells a gateway that works on an answer from one that is not there.
            overdue = error.message == "Timeout during request"
            return (_AnswerOverdue if overdue else GatewayUnreachable)(
                f"The gateway at {self.url} did not answer in time ({error.message})."
            )
        if error.response is None:
            return self._unreachable(error)
        said = _reason(error.response)
        if error.code == 401:
            message = (
                f"The gateway at {self.url} does not accept the token (401). "
                "Is JUPYTER_GATEWAY_AUTH_TOKEN set and right?"
            )
        elif error.code < 400:
            message = (
                f"The gateway at {self.url} redirects to "
                f"{error.response.headers.get('Location', 'nowhere')} ({error.code}). "
                "Are JUPYTER_GATEWAY_URL and JUPYTER_GATEWAY_AUTH_TOKEN right?"
            )
        else:
            message = f"The gateway at {self.url} refused ({error.code}): {said}"
        return GatewayRefused(error.code, message)

    def _unreachable(self, error: Exception) -> GatewayUnreachable:
        cause = (
            getattr(error, "real_error", None) if isinstance(error, StreamClosedError) else error
        )
        why = getattr(cause, "strerror", None) or str(cause or "the connection was closed")
        return GatewayUnreachable(f"No gateway answers at {self.url}: {why}.")


def _kernel_path(kernel_id: str) -> str:
    return f"/api/kernels/{quote(kernel_id, safe='')}"


def _object(response: HTTPResponse) -> dict[str, Any] | None:
    """Return the JSON object of a response, None when it has none."""
    try:
        answer = json.loads(response.body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _reason(response: HTTPResponse) -> str:
    """Return what the gateway says of its refusal, in one line."""
    answer = _object(response) or {}
    said = answer.get("message") or answer.get("reason") or response.reason or "no reason given"
    return " ".join(str(said).split())


def _unknown(url: str, name: str, names: list[str]) -> str:
    """Say that a kernel does not exist, and which do."""
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    known = ", ".join(names) if names else "none"
    return f"The gateway at {url} has no kernel {name!r}.{hint} It has: {known}."
