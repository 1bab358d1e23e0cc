"""One kernel's websocket, kept open for as long as the run lasts.

Connections break: a proxy is restarted, a machine sleeps, the gateway is upgraded. None of that
stops the kernel, so none of it should stop the run. One task reads; when the connection closes it
asks the gateway whether the kernel is still there, connects again under the same session id, and
goes on. What could not be sent meanwhile is sent then.

A gateway says when a kernel dies, but not always when somebody deletes it: the websocket stays open
and silent. So after some silence, and only then, the gateway is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from time import monotonic

from tornado.websocket import WebSocketClientConnection, WebSocketClosedError

from .api import GatewayApi
from .errors import ConnectionLost, GatewayRefused, GatewayUnreachable, KernelDied
from .messages import Message, decode

STEADY = 5.0  # seconds that a connection must last to count as one that works
FIRST_PAUSE = 0.2  # seconds before connecting again; doubles up to LAST_PAUSE
LAST_PAUSE = 5.0
FINAL = frozenset({400, 401, 403})  # HTTP statuses that another attempt would not change
CLOSING = 1.0  # seconds for the other end to take note of the end
SILENCE = 20.0  # seconds without a message after which the gateway is asked for the kernel
GONE = "The gateway no longer has the kernel: it ended, or somebody stopped it."


class KernelConnection:
    """Frames to and from one kernel.

    :param deliver: called with each message that comes.
    :param reconnected: called after a connection that broke is back.
    :param failed: called once, when no message will ever come again.
    """

    def __init__(
        self,
        api: GatewayApi,
        kernel_id: str,
        session_id: str,
        *,
        reconnect_timeout: float,
        log: logging.Logger,
        deliver: Callable[[Message], None],
        reconnected: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._api = api
        self._kernel_id = kernel_id
        self._session_id = session_id
        self._reconnect_timeout = reconnect_timeout
        self._log = log
        self._deliver = deliver
        self._reconnected = reconnected
        self._failed = failed
        self._websocket: WebSocketClientConnection | None = None
        self._outbox: deque[str] = deque()
        self._reader: asyncio.Task[None] | None = None
        self._opened_at = 0.0
        self._unsteady_since = 0.0

    async def open(self) -> None:
        """Connect and begin to read.

        :raises GatewayUnreachable, GatewayRefused: when it cannot be done now.
        """
        await self._connect()
        self._reader = asyncio.create_task(self._read(), name="eg-ext job: read kernel messages")
        self._reader.add_done_callback(self._ended)

    async def close(self) -> None:
        """Stop reading and close the connection; the kernel stays."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        if self._websocket is not None:
            self._websocket.close()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(_drained(self._websocket), CLOSING)

    def send(self, frame: str) -> None:
        """Send a frame now, or as soon as the connection is back."""
        if self._websocket is None:
            self._outbox.append(frame)
            return
        try:
            written = asyncio.ensure_future(self._websocket.write_message(frame))
        except WebSocketClosedError:
            self._outbox.append(frame)
            return

        def check(future: asyncio.Future[None]) -> None:
            # A frame that did not go out whole was not received: it may be sent again.
            if not future.cancelled() and isinstance(future.exception(), WebSocketClosedError):
                self._outbox.append(frame)

        written.add_done_callback(check)

    async def _read(self) -> None:
        while True:
            assert self._websocket is not None
            frame = await self._next_frame(self._websocket)
            if frame is None:
                await self._reconnect()
                continue
            try:
                message = decode(frame)
            except ValueError as error:
                raise ConnectionLost(
                    f"The gateway at {self._api.url} sent {error}, which is not a message."
                ) from None
            self._deliver(message)

    async def _next_frame(self, websocket: WebSocketClientConnection) -> str | bytes | None:
        """Return the next frame, None when the connection is closed."""
        reading = asyncio.ensure_future(websocket.read_message())
        try:
            while True:
                done, _ = await asyncio.wait([reading], timeout=SILENCE)
                if done:
                    return reading.result()
                try:
                    if not await self._api.has_kernel(self._kernel_id):
                        raise KernelDied(GONE)
                except (GatewayUnreachable, GatewayRefused) as error:
                    # What is wrong with the websocket, the websocket will say.
                    self._log.warning(f"Not known whether the kernel still runs. {error.message}")
        finally:
            reading.cancel()

    async def _reconnect(self) -> None:
        """Connect again, unless the kernel is gone or it has not worked for too long."""
        closed = self._websocket
        self._websocket = None
        now = monotonic()
        if now - self._opened_at >= STEADY:
            self._unsteady_since = now
        why = (closed and closed.close_reason) or "no reason given"
        self._log.warning(f"The connection to the gateway closed ({why}). Connecting again.")
        pause = FIRST_PAUSE
        while True:
            await asyncio.sleep(pause)
            try:
                if not await self._api.has_kernel(self._kernel_id):
                    raise KernelDied(GONE)
                await self._connect()
                break
            except (GatewayUnreachable, GatewayRefused) as error:
                if isinstance(error, GatewayRefused) and error.status in FINAL:
                    raise
                waited = monotonic() - self._unsteady_since
                if waited + pause > self._reconnect_timeout:
                    raise ConnectionLost(
                        f"The connection to the gateway broke and did not come back in "
                        f"{waited:.0f} s. {error.message}"
                    ) from None
            pause = min(2 * pause, LAST_PAUSE)
        self._log.warning(
            f"Connected again after {monotonic() - now:.1f} s. "
            "Output that was on its way when it broke may be missing."
        )
        self._reconnected()

    async def _connect(self) -> None:
        self._websocket = await self._api.open_channels(self._kernel_id, self._session_id)
        self._opened_at = monotonic()
        self._unsteady_since = self._unsteady_since or self._opened_at
        waiting, self._outbox = self._outbox, deque()
        for frame in waiting:
            self.send(frame)

    def _ended(self, reader: asyncio.Task[None]) -> None:
        if reader.cancelled():
            return
        error = reader.exception()
        assert error is not None, "the reader ends only by an error"
        self._failed(error)


async def _drained(websocket: WebSocketClientConnection) -> None:
    """Wait until a connection that is being closed is closed."""
    while await websocket.read_message() is not None:
        pass
