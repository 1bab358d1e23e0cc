"""The public control port, and the kernel's own behind it.

A client's message passes unchanged in both directions, identities and all. Two things do not
pass: what is not signed with the key (a kernel would refuse it, but some kernels die of it), and
``interrupt_request`` where the kernel wants a signal instead. A recorded interrupt played again
must not pass either: the kernel never saw the first one and would take it for genuine.

Until the kernel is ready there is nothing of the user's to interrupt, and a signal would end a
kernel that still imports. So an early interrupt is answered and does nothing. The launcher asks
the kernel once, on the same channel; the answer says that it is ready.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence

import zmq

from .connection import Connection
from .wire import Replays, Writer, genuine_type, signature_of

LARGEST_FRAME = 16 * 1024 * 1024
"""Bytes; libzmq hangs up on a peer that sends a larger one."""
QUEUE = 1000
"""Messages that may wait for a kernel that does not read its control channel."""
STARTUP = 60.0
"""Seconds after which a kernel counts as ready, though it never listened."""
SETTLE = 2.0
"""Seconds after which a kernel that listens counts as ready, though it gave no answer."""
ASK_AGAIN = 0.2
"""Seconds between two questions whether it is ready: kernels lose messages that come too early."""
LINGER = 300
"""Milliseconds in which last replies may leave when the launcher ends."""


class Relay:
    """Owns the two control sockets. Not thread-safe; nothing in it blocks."""

    def __init__(
        self,
        connection: Connection,
        listener: socket.socket,
        kernel_port: int,
        interrupt: Callable[[], bool] | None,
        say: Callable[[str], None],
    ) -> None:
        """Take over the public control port and connect to the kernel's own.

        Args:
            connection: the public one.
            listener: its control port, open already; this object closes it.
            kernel_port: the kernel's own control port.
            interrupt: delivers an interrupt and returns whether it could; None if the kernel
                handles ``interrupt_request`` itself.
            say: writes a line to the log.
        """
        self.shutdown_asked = False
        """A client has sent a genuine ``shutdown_request``."""
        self.ready = False
        """The kernel has answered, or has had time enough to be ready."""
        self._key = connection.key
        self._interrupt = interrupt
        self._say = say
        self._writer = Writer(connection.key)
        self._replays = Replays()
        self._refused = 0
        self._ready_at = time.monotonic() + STARTUP
        self._ask_at = self._ready_at
        self._own_identity = os.urandom(16)
        self._context = zmq.Context(io_threads=1)
        self.public = self._socket(zmq.ROUTER)
        # A client that lost its connection comes back under the same identity.
        self.public.setsockopt(zmq.ROUTER_HANDOVER, 1)
        self.public.setsockopt(zmq.MAXMSGSIZE, LARGEST_FRAME)
        self.kernel = self._socket(zmq.DEALER)
        self.kernel.setsockopt(zmq.RECONNECT_IVL, 50)
        self.monitor = self.kernel.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        self.public.setsockopt(zmq.USE_FD, listener.detach())
        self.public.bind(f"tcp://{connection.ip}:{connection.control_port}")
        self.kernel.connect(f"tcp://{connection.local_ip}:{kernel_port}")
        self._send_own("kernel_info_request", {})

    def _socket(self, kind: int) -> zmq.Socket[bytes]:
        made = self._context.socket(kind)
        made.setsockopt(zmq.LINGER, 0)
        made.setsockopt(zmq.SNDHWM, QUEUE)
        made.setsockopt(zmq.RCVHWM, QUEUE)
        return made

    # ---- towards the kernel

    def from_clients(self) -> None:
        """Handle one message of a client, if there is one."""
        frames = self._receive(self.public)
        if frames is None:
            return
        kind = genuine_type(self._key, frames)
        if kind is None:
            self._refuse("not signed with the connection's key")
        elif kind == "interrupt_request" and self._interrupt is not None:
            self._answer_interrupt(frames)
        else:
            self.shutdown_asked = self.shutdown_asked or kind == "shutdown_request"
            self._send(self.kernel, frames)

    def _answer_interrupt(self, frames: Sequence[bytes]) -> None:
        if self._replays.seen(signature_of(frames)):
            self._refuse("an interrupt_request played again")
            return
        self.interrupt()
        self._send(self.public, self._writer.reply(frames, "interrupt_reply", {"status": "ok"}))

    def interrupt(self) -> None:
        """Interrupt the kernel, if it is ready."""
        if self.ready and self._interrupt is None:
            self._send_own("interrupt_request", {})
        elif self.ready and self._interrupt is not None:
            self._interrupt()

    def ask_to_shut_down(self) -> None:
        """Ask the kernel to end, in the launcher's own name."""
        self._send_own("shutdown_request", {"restart": False})

    def _send_own(self, kind: str, content: dict[str, bool]) -> None:
        self._send(self.kernel, self._writer.message([self._own_identity], kind, content))

    # ---- from the kernel

    def from_kernel(self) -> None:
        """Pass one message of the kernel on, if there is one."""
        frames = self._receive(self.kernel)
        if frames is None:
            return
        self.ready = True
        if frames[0] != self._own_identity:
            self._send(self.public, frames)

    def kernel_listens(self) -> None:
        """Note that the connection to the kernel stands."""
        # Only this one event is subscribed to. zmq.utils.monitor would decode it, and import
        # asyncio, which costs more than all the rest of the launcher.
        self._receive(self.monitor)
        now = time.monotonic()
        self._ready_at = min(self._ready_at, now + SETTLE)
        self._ask_at = now + ASK_AGAIN

    def seconds_to_ready(self) -> float | None:
        """Return after how many seconds :meth:`check_ready` is worth a call; None: no more."""
        if self.ready:
            return None
        return max(0.0, min(self._ready_at, self._ask_at) - time.monotonic())

    def check_ready(self) -> None:
        """Ask a kernel that listens once more, or give up waiting for its answer."""
        if self.seconds_to_ready() != 0:
            return
        now = time.monotonic()
        if now >= self._ready_at:
            self.ready = True
        else:
            self._ask_at = now + ASK_AGAIN
            self._send_own("kernel_info_request", {})

    # ---- both

    def _receive(self, source: zmq.Socket[bytes]) -> list[bytes] | None:
        try:
            return source.recv_multipart(zmq.DONTWAIT)
        except zmq.Again:
            return None

    def _send(self, target: zmq.Socket[bytes], frames: Sequence[bytes]) -> None:
        try:
            target.send_multipart(frames, zmq.DONTWAIT)
        except zmq.Again:
            self._say("The kernel does not read its control channel; a message was dropped.")
        except zmq.ZMQError as error:
            self._say(f"A message could not be passed on: {error.strerror}.")

    def _refuse(self, why: str) -> None:
        """Say the 1st, 10th, 100th… time that a message was refused: the log stays short."""
        self._refused += 1
        count = str(self._refused)
        if count.rstrip("0") == "1":
            self._say(f"A control message was refused, {why} ({count} so far).")

    def close(self) -> None:
        """Close both sockets; last replies may still leave, for :data:`LINGER` at most."""
        self.kernel.disable_monitor()
        self.monitor.close(0)
        self.kernel.close(0)
        self.public.close(LINGER)
        self._context.term()
