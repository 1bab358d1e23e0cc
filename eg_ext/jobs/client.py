"""A kernel client over the gateway: the part of jupyter_client's that nbclient uses.

jupyter_client's own clients are made of ZMQ sockets, heartbeats and connection files, of which
there is none here; what remains of them are a few requests and the channels, so this is not a
subclass.
"""

from __future__ import annotations

import asyncio
import logging
from queue import Empty
from time import monotonic
from typing import Any

from jupyter_client.session import Session

from .api import GatewayApi
from .connection import KernelConnection
from .errors import ConnectionLost, GatewayError, KernelDied
from .messages import Message, encode, parent_id

CHANNELS = ("shell", "iopub", "stdin", "control")
SETTLING = 2.0  # seconds for an answer to come by another way than the one that proves it late


class Channel:
    """The messages of one channel, in the order in which they came."""

    def __init__(self, client: GatewayKernelClient, name: str) -> None:
        self._client = client
        self._name = name
        self._queue: asyncio.Queue[Message] = asyncio.Queue()

    def send(self, message: Message) -> None:
        """Send a message as ``Session.msg`` makes it."""
        self._client.send(self._name, message)

    def put(self, message: Message) -> None:
        """Add a message that came from the kernel."""
        self._queue.put_nowait(message)

    async def get_msg(self, timeout: float | None = None) -> Message:
        """Return the next message.

        :param timeout: in seconds; None waits for as long as it takes.
        :raises queue.Empty: when none came in time, as in jupyter_client.
        """
        try:
            return self._queue.get_nowait()
        except asyncio.QueueEmpty:
            pass
        try:
            return await asyncio.wait_for(self._queue.get(), timeout)
        except asyncio.TimeoutError:
            raise Empty from None


class GatewayKernelClient:
    """Requests to one kernel, and its answers.

    The gateway says when a kernel dies, so nobody asks: from then on :attr:`failure` has the error
    and :meth:`is_alive` is false. The same holds for whatever else makes further answers
    impossible.
    """

    def __init__(
        self, api: GatewayApi, kernel_id: str, *, reconnect_timeout: float, log: logging.Logger
    ) -> None:
        self.session = Session()
        self.allow_stdin = False
        self.failure: BaseException | None = None
        self._channels = {name: Channel(self, name) for name in CHANNELS}
        self._reason = ""
        self._executing: str | None = None
        self._fence: str | None = None
        self._fenced: str | None = None
        self._connection = KernelConnection(
            api,
            kernel_id,
            self.session.session,
            reconnect_timeout=reconnect_timeout,
            log=log,
            deliver=self._deliver,
            reconnected=self._check_answer,
            failed=self._fail,
        )

    @property
    def shell_channel(self) -> Channel:
        return self._channels["shell"]

    @property
    def iopub_channel(self) -> Channel:
        return self._channels["iopub"]

    async def open(self, timeout: float) -> dict[str, Any]:
        """Connect, and return what the kernel says of itself once it answers.

        :param timeout: for the kernel to answer, in seconds.
        """
        late = GatewayError(f"The kernel was started, but did not answer within {timeout:.0f} s.")
        deadline = monotonic() + timeout
        try:
            # Gateways wait for the kernel themselves before they open a websocket.
            await asyncio.wait_for(self._connection.open(), timeout)
        except asyncio.TimeoutError:
            raise late from None
        request = self.kernel_info()
        while self.failure is None:
            try:
                message = await self.shell_channel.get_msg(timeout=1)
            except Empty:
                if monotonic() > deadline:
                    raise late from None
            else:
                if parent_id(message) == request:
                    content: dict[str, Any] = message["content"]
                    return content
        raise self.failure

    async def close(self) -> None:
        """Close the connection; the kernel stays."""
        await self._connection.close()

    async def is_alive(self) -> bool:
        """Say whether answers can still come."""
        return self.failure is None

    def kernel_info(self) -> str:
        """Ask what the kernel is; return the request's id."""
        return self._request("kernel_info_request", {})

    def execute(
        self,
        code: str,
        silent: bool = False,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        allow_stdin: bool | None = None,
        stop_on_error: bool = True,
    ) -> str:
        """Run code; return the request's id."""
        self._executing = self._request(
            "execute_request",
            {
                "code": code,
                "silent": silent,
                "store_history": store_history,
                "user_expressions": user_expressions or {},
                "allow_stdin": self.allow_stdin if allow_stdin is None else allow_stdin,
                "stop_on_error": stop_on_error,
            },
        )
        return self._executing

    def send(self, channel: str, message: Message) -> None:
        """Send a message on a channel."""
        self._connection.send(encode(channel, message))

    def _request(self, msg_type: str, content: dict[str, Any]) -> str:
        message = self.session.msg(msg_type, content)
        self.send("shell", message)
        return str(message["header"]["msg_id"])

    def _deliver(self, message: Message) -> None:
        channel = self._channels.get(message.get("channel", ""))
        if channel is None:
            return
        if channel is self.shell_channel:
            if parent_id(message) == self._fence:
                asyncio.get_running_loop().call_later(SETTLING, self._check_fence, self._fence)
                return
            if parent_id(message) == self._executing:
                self._executing = None
        elif channel is self.iopub_channel:
            self._watch(message)
        elif message["msg_type"] == "input_request":
            # Kernels are told that nobody can answer; one that asks anyway would wait for ever.
            self._fail(GatewayError("The notebook asks for input, and nobody is there to answer."))
        channel.put(message)

    def _watch(self, message: Message) -> None:
        """Notice the gateway's word that the kernel died, and why."""
        content = message["content"]
        notice = message["metadata"].get("eg_ext")
        if isinstance(notice, dict) and notice.get("reason"):
            self._reason = str(notice["reason"])
        state = content.get("execution_state") if message["msg_type"] == "status" else None
        if state in {"restarting", "dead"}:
            # A new kernel would have none of the earlier cells' results: restarting is dying.
            self._fail(
                KernelDied(self._reason or "The kernel died, and the gateway does not know why.")
            )

    def _check_answer(self) -> None:
        """After a break: find out whether the answer to the running cell got lost in it.

        A kernel answers execute requests one after the other. So an empty one behind the cell is
        answered after it, however long it runs; if the cell's answer is not here by then, it will
        never be. (The execution state that the gateway reports can't be used: it changes with
        every request of anybody. A kernel_info request can't: some kernels answer it meanwhile.)
        """
        if self._executing is None:
            return
        content = {
            "code": "",
            "silent": True,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        self._fence = self._request("execute_request", content)
        self._fenced = self._executing

    def _check_fence(self, fence: str | None) -> None:
        if fence == self._fence and self._executing is not None and self._executing == self._fenced:
            self._fail(
                ConnectionLost(
                    "The connection to the gateway broke while a cell ran, and the cell's answer "
                    "was lost with it: whether the cell succeeded is not known."
                )
            )

    def _fail(self, error: BaseException) -> None:
        if self.failure is None:
            self.failure = error
