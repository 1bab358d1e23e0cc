"""The manager of one kernel: Enterprise Gateway's, without what makes it forget or hang."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from enterprise_gateway.services.kernels.remotemanager import RemoteKernelManager
from jupyter_client.ioloop import AsyncIOLoopKernelRestarter
from tornado import web
from traitlets import default

from .errors import sentence
from .proxy import ProfileProcessProxy

__all__ = ["Client", "FleetRestarter", "ProfileKernelManager"]

_RECONNECT_PATIENCE = 15.0
"""Seconds that clients get to be connected to a restarted kernel before the restart returns."""


class FleetRestarter(AsyncIOLoopKernelRestarter):
    """Restarts a kernel that ended, once at a time.

    The fleet calls :meth:`poll` at the moment a pod ends; the periodic poll
    stays as a second look and costs no request.
    """

    _polling = False

    async def poll(self) -> None:
        """Restart the kernel if it has ended."""
        if self._polling or self.kernel_manager.shutting_down:
            return
        self._polling = True
        try:
            await super().poll()
        except Exception as error:  # noqa: BLE001 - whatever it was, there is no kernel now
            self.log.error("Kernel %s was not restarted: %s", self.kernel_manager.kernel_id, error)
            self.kernel_manager.declare_dead(error)
        finally:
            self._polling = False


class Client(Protocol):
    """Somebody who is connected to a kernel."""

    def hold(self) -> None:
        """The kernel is about to move to a new pod: keep what is meant for it."""

    async def reconnect(self) -> None:
        """The kernel is in its new pod: connect to it and hand over what was kept."""

    def lost(self) -> None:
        """The kernel was shut down."""


class ProfileKernelManager(RemoteKernelManager):
    """Manages one kernel."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.clients: list[Client] = []
        """Who is connected, and stays so when the kernel is restarted."""
        self.end_reason: str | None = None
        """Why the kernel ended, or why it could not be restarted."""
        self.gone = False
        """It was shut down and is not to be started again."""
        self.settled = asyncio.Event()
        """It is not being restarted at the moment."""
        self.settled.set()
        self._starting: asyncio.Future[None] | None = None
        self._looking: asyncio.Future[None] | None = None

    @default("restarter_class")
    def _fleet_restarter(self) -> type[FleetRestarter]:
        return FleetRestarter

    @property
    def idle_timeout(self) -> float | None:
        """Seconds that the kernel's profile lets it be idle; None: for ever."""
        plan = getattr(self.process_proxy, "plan", None)
        return plan.idle_timeout if plan is not None else None

    async def start_kernel(self, **kwargs: Any) -> None:
        """Start the kernel's pod; leaves none where it fails or is cancelled.

        Raises:
            HTTPError: refused or failed; 409 if it was shut down meanwhile.
        """
        if self.gone:
            raise _shut_down()
        self._starting = asyncio.ensure_future(super().start_kernel(**kwargs))
        try:
            await self._starting
        except BaseException as error:
            # The pod may run already, and what came after it may have failed.
            if self.process_proxy is not None:
                self.process_proxy.kill()
            self.stop_restarter()
            self.kernel = None
            if self.gone and isinstance(error, asyncio.CancelledError):
                raise _shut_down() from None
            raise
        finally:
            self._starting = None
        self.end_reason = None

    async def give_up(self) -> None:
        """It is to be shut down: end a start that is under way."""
        self.gone = True
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait({self._starting})
        self.restarting = False

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        """Stop the kernel; one that never ran or has ended is only forgotten."""
        if not self.has_kernel:
            self.stop_restarter()
            self.cleanup(connection_file=not restart)
            return
        await super().shutdown_kernel(now=now, restart=restart)

    async def restart_kernel(self, now: bool = False, **kwargs: Any) -> None:
        """Start the kernel again in a new pod and connect its clients to it."""
        self.settled.clear()
        for client in self.clients:
            client.hold()
        try:
            await super().restart_kernel(now=now, **kwargs)
            if self.has_kernel:  # else nobody was connected, and it was shut down
                await self._reconnect_clients()
        finally:
            self.restarting = False
            self.settled.set()

    def declare_dead(self, error: Exception) -> None:
        """It could not be restarted: tell everybody, and forget it."""
        if self.gone or self.has_kernel:
            return
        self.gone = True
        self.end_reason = sentence(error)
        if self._restarter is not None:
            self._restarter.stop()
            self._restarter._fire_callbacks("dead")
        else:
            self.parent._handle_kernel_died(self.kernel_id)

    async def _reconnect_clients(self) -> None:
        # What is kept for clients that are away listens to the old pod.
        self.parent.stop_buffering(self.kernel_id)
        reconnecting = [asyncio.ensure_future(client.reconnect()) for client in self.clients]
        if reconnecting:
            done, _ = await asyncio.wait(reconnecting, timeout=_RECONNECT_PATIENCE)
            for failed in filter(None, (each.exception() for each in done)):
                self.log.warning("A client of kernel %s is lost: %s", self.kernel_id, failed)

    def _get_process_proxy(self) -> None:
        super()._get_process_proxy()
        if isinstance(self.process_proxy, ProfileProcessProxy):
            self.process_proxy.on_end(self._kernel_ended)

    def _kernel_ended(self) -> None:
        self.end_reason = self.process_proxy.end_reason
        if self._restarter is not None and not self.gone:
            self._looking = asyncio.ensure_future(self._restarter.poll())


def _shut_down() -> web.HTTPError:
    return web.HTTPError(409, "The kernel was shut down while it was starting.")
