"""Notice that a kernel listens: it binds its ports without telling anyone."""

from __future__ import annotations

import asyncio

__all__ = ["until_listening"]

_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.2
_TIMEOUT = 2.0


async def until_listening(ip: str, port: int) -> None:
    """Return when a TCP port accepts connections. Has no end of its own.

    Args:
        ip: the pod's address.
        port: one of the kernel's ports.
    """
    pause = _FIRST_PAUSE
    while True:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(ip, port), _TIMEOUT)
        except (OSError, asyncio.TimeoutError):
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, _LONGEST_PAUSE)
            continue
        writer.close()
        return
