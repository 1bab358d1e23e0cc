"""From the spawned kernel to its end: one poll over messages, signals and deadlines."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import zmq

from .child import Child
from .relay import Relay
from .wakeup import Wakeup

SHARES = (0.6, 0.9)
"""Parts of the grace period after which a kernel that still runs gets SIGTERM and SIGKILL."""


class Supervisor:
    """Watches over one kernel. :meth:`run` is called once."""

    def __init__(
        self,
        child: Child,
        relay: Relay,
        wakeup: Wakeup,
        listens: Callable[[], bool],
        grace: float,
    ) -> None:
        """Take everything that is there, and the grace period in seconds.

        ``listens`` returns whether the kernel accepts connections at all.
        """
        self.stopping = False
        """The launcher was told to stop, and told the kernel."""
        self.overdue = False
        """The kernel had to be killed."""
        self._child = child
        self._relay = relay
        self._wakeup = wakeup
        self._listens = listens
        self._grace = grace
        self._deadlines: list[tuple[float, int]] = []

    def run(self) -> None:
        """Return when the kernel has ended, or cannot be ended within the grace period."""
        relay, wakeup = self._relay, self._wakeup
        poller = zmq.Poller()
        for source in (relay.public, relay.kernel, relay.monitor, wakeup.readable):
            poller.register(source, zmq.POLLIN)
        while not self._child.reap():
            if wakeup.stop_wanted and not self.stopping:
                self._stop()
            if wakeup.take_interrupt():
                relay.interrupt()
            if self._too_late():
                return
            events = dict(poller.poll(self._timeout()))
            if wakeup.readable in events:
                wakeup.drain()
            if relay.monitor in events:
                relay.kernel_listens()
            if relay.kernel in events:
                relay.from_kernel()
            if relay.public in events:
                relay.from_clients()
            relay.check_ready()
        self._last_words()

    def _stop(self) -> None:
        """Ask politely: a running cell is interrupted, or the request would wait behind it.

        A kernel that does not listen yet has nothing that it could save.
        """
        self.stopping = True
        now = terminate = time.monotonic()
        if self._relay.ready or self._listens():
            self._relay.interrupt()
            self._relay.ask_to_shut_down()
            terminate += SHARES[0] * self._grace
        self._deadlines = [
            (terminate, signal.SIGTERM),
            (now + SHARES[1] * self._grace, signal.SIGKILL),
            (now + self._grace, 0),
        ]

    def _too_late(self) -> bool:
        """Carry out what is due; return whether the time is over altogether."""
        while self._deadlines and self._deadlines[0][0] <= time.monotonic():
            number = self._deadlines.pop(0)[1]
            if number == 0:
                return True
            self.overdue = number == signal.SIGKILL
            self._child.signal(number)
        return False

    def _timeout(self) -> int | None:
        """Return the milliseconds until something is due; None: nothing is."""
        waits = [self._deadlines[0][0] - time.monotonic()] if self._deadlines else []
        until_ready = self._relay.seconds_to_ready()
        if until_ready is not None:
            waits.append(until_ready)
        return int(max(0.0, min(waits)) * 1000) + 1 if waits else None

    def _last_words(self) -> None:
        """Pass on what the kernel said last: its ``shutdown_reply``."""
        for _ in range(100):
            if not self._relay.kernel.poll(0):
                return
            self._relay.from_kernel()
