"""Signals as something that a poll can wait for."""

from __future__ import annotations

import os
import signal
from types import FrameType

HANDLED = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGCHLD)


class Wakeup:
    """Catches :data:`HANDLED` from its creation on; a pipe becomes readable at each.

    Created before the kernel is spawned: process 1 has no default actions, so an uncaught
    SIGTERM would be lost and the pod would use its whole grace period.
    """

    def __init__(self) -> None:
        self.stop_wanted = False
        """SIGTERM or SIGHUP came, at least once."""
        self.interrupt_wanted = False
        """SIGINT came since the last :meth:`take_interrupt`."""
        self.readable, writable = os.pipe()
        os.set_blocking(self.readable, False)
        os.set_blocking(writable, False)
        signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
        for number in HANDLED:
            signal.signal(number, self._caught)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        if number in (signal.SIGTERM, signal.SIGHUP):
            self.stop_wanted = True
        elif number == signal.SIGINT:
            self.interrupt_wanted = True

    def take_interrupt(self) -> bool:
        """Return whether SIGINT came since the last call."""
        wanted, self.interrupt_wanted = self.interrupt_wanted, False
        return wanted

    def drain(self) -> None:
        """Empty the pipe, so that the next poll waits again."""
        try:
            while os.read(self.readable, 512):
                pass
        except BlockingIOError:
            return
