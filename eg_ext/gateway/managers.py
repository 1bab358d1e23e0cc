"""Kernel managers: Enterprise Gateway's, without what makes it forget or hang."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable
from typing import Any, Protocol

from enterprise_gateway.services.kernels.remotemanager import (
    RemoteKernelManager,
    RemoteMappingKernelManager,
)
from jupyter_client.ioloop import AsyncIOLoopKernelRestarter
from jupyter_client.kernelspec import NoSuchKernel
from tornado import web
from traitlets import default

from .proxy import ProfileProcessProxy

__all__ = ["FleetRestarter", "ProfileKernelManager", "ProfileMappingKernelManager"]

_RECONNECT_PATIENCE = 15.0
"""Seconds that clients get to be connected to a restarted kernel before the restart returns."""

CLIENT_ENV = frozenset({"KERNEL_USERNAME"})
"""All that a client may say about its kernel, apart from the kernel's name."""


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
        except web.HTTPError as error:
            self.log.error("The kernel could not be restarted: %s", error)
            self.stop()
            self._fire_callbacks("dead")
        finally:
            self._polling = False


class Client(Protocol):
    """Somebody who is connected to a kernel."""

    def hold(self) -> None:
        """The kernel is about to move to a new pod: keep what is meant for it."""

    async def reconnect(self) -> None:
        """The kernel is in its new pod: connect to it and hand over what was kept."""


class ProfileKernelManager(RemoteKernelManager):
    """Manages one kernel."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.clients: list[Client] = []
        """Who is connected, and stays so when the kernel is restarted."""
        self.end_reason: str | None = None
        """Why the kernel ended last time."""
        self._restarting: asyncio.Future[None] | None = None

    @default("restarter_class")
    def _fleet_restarter(self) -> type[FleetRestarter]:
        return FleetRestarter

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        """Stop the kernel; one that never ran or has ended is only forgotten."""
        if not self.has_kernel:
            self.stop_restarter()
            self.cleanup(connection_file=not restart)
            return
        await super().shutdown_kernel(now=now, restart=restart)

    async def restart_kernel(self, now: bool = False, **kwargs: Any) -> None:
        """Start the kernel again in a new pod and connect its clients to it."""
        for client in self.clients:
            client.hold()
        try:
            await super().restart_kernel(now=now, **kwargs)
        finally:
            self.restarting = False
        if not self.has_kernel:  # nobody was connected: it was shut down instead
            return
        # What is kept for clients that are away listens to the old pod.
        self.parent.stop_buffering(self.kernel_id)
        reconnecting = [asyncio.ensure_future(client.reconnect()) for client in self.clients]
        if reconnecting:
            await asyncio.wait(reconnecting, timeout=_RECONNECT_PATIENCE)

    def _get_process_proxy(self) -> None:
        super()._get_process_proxy()
        if isinstance(self.process_proxy, ProfileProcessProxy):
            self.process_proxy.on_end(self._kernel_ended)

    def _kernel_ended(self) -> None:
        self.end_reason = self.process_proxy.end_reason
        if self._restarter is not None:
            self._restarting = asyncio.ensure_future(self._restarter.poll())


class ProfileMappingKernelManager(RemoteMappingKernelManager):
    """Manages all kernels of the gateway."""

    @default("kernel_manager_class")
    def _profile_kernel_manager(self) -> str:
        return f"{ProfileKernelManager.__module__}.{ProfileKernelManager.__name__}"

    def new_kernel_id(self, **kwargs: Any) -> str:
        """A new kernel's id; a client has no say in it."""
        return str(uuid.uuid4())

    async def start_kernel(self, *args: Any, **kwargs: Any) -> str:
        """Start a kernel and return its id.

        Args:
            *args: unused.
            **kwargs: ``kernel_name``, and ``env`` as the client sent it.

        Raises:
            HTTPError: refused or failed, with a sentence for the user.
        """
        name = kwargs.get("kernel_name") or self.default_kernel_name
        try:
            # The full name: to jupyter_client the plain name "python" is another word for python3.
            name = self.kernel_spec_manager.full_name(name)
        except NoSuchKernel:
            raise self.kernel_spec_manager.no_such_kernel(name) from None
        sent = kwargs.get("env") or {}
        env = {key: value for key, value in sent.items() if key in CLIENT_ENV}
        if not env.get("KERNEL_USERNAME"):
            raise web.HTTPError(
                400,
                "Who is the kernel for? Set KERNEL_USERNAME in the environment of the "
                "Jupyter server or in the request's env.",
            )
        starting: str = await super().start_kernel(kernel_name=name, env=env)
        return starting

    async def restart_kernel(self, kernel_id: str, now: bool = False) -> Any:
        """Restart a kernel; one that cannot be started again is gone."""
        kernel = self.get_kernel(kernel_id)
        try:
            answered = await super().restart_kernel(kernel_id, now=now)
        except web.HTTPError:
            if kernel_id in self and not kernel.has_kernel:
                kernel._restarter._fire_callbacks("dead")
            raise
        return answered

    async def stop_all(self) -> None:
        """Stop every kernel at once, those that are still starting too."""
        for starting in list(self._starting_kernels.values()):
            starting.cancel()
        await asyncio.gather(
            *(self.shutdown_kernel(kernel_id, now=True) for kernel_id in self.list_kernel_ids()),
            *self._starting_kernels.values(),
            return_exceptions=True,
        )

    def _handle_kernel_died(self, kernel_id: str) -> None:
        kernel = self.get_kernel(kernel_id)
        self.stop_watching_activity(kernel_id)
        self.stop_buffering(kernel_id)
        kernel.cleanup()
        super()._handle_kernel_died(kernel_id)

    async def _add_kernel_when_ready(
        self, kernel_id: str, km: ProfileKernelManager, started: Awaitable[None]
    ) -> None:
        try:
            await super()._add_kernel_when_ready(kernel_id, km, started)
        except BaseException:
            # jupyter_client forgets a start only if it succeeds.
            self._starting_kernels.pop(kernel_id, None)
            raise
