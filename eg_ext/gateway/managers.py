"""The manager of all kernels: who may start one, and what becomes of those that nobody needs."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import Any

from enterprise_gateway.services.kernels.remotemanager import RemoteMappingKernelManager
from jupyter_client.kernelspec import NoSuchKernel
from tornado.ioloop import PeriodicCallback
from traitlets import default

from .errors import no_user
from .kernels import ProfileKernelManager
from .profiles import profiles_of

__all__ = ["ProfileMappingKernelManager"]

CLIENT_ENV = frozenset({"KERNEL_USERNAME"})
"""All that a client may say about its kernel, apart from the kernel's name."""

_next_id: ContextVar[str | None] = ContextVar("eg_ext_next_kernel_id", default=None)
"""The id of the kernel that this request starts; known before, so that it can be cleaned up."""


class ProfileMappingKernelManager(RemoteMappingKernelManager):
    """Manages all kernels of the gateway."""

    _initialized_culler: bool

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._background: set[asyncio.Task[None]] = set()

    @default("kernel_manager_class")
    def _profile_kernel_manager(self) -> str:
        return f"{ProfileKernelManager.__module__}.{ProfileKernelManager.__name__}"

    def new_kernel_id(self, **kwargs: Any) -> str:
        """A new kernel's id; a client has no say in it."""
        return _next_id.get() or str(uuid.uuid4())

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
            raise no_user()
        kernel_id = str(uuid.uuid4())
        _next_id.set(kernel_id)
        try:
            await super().start_kernel(kernel_name=name, env=env)
        except BaseException:
            # It may be there already, and nobody will ever hear of it.
            if kernel_id in self:
                self._spawn(self.shutdown_kernel(kernel_id, now=True))
            raise
        finally:
            _next_id.set(None)
        return kernel_id

    async def restart_kernel(self, kernel_id: str, now: bool = False) -> Any:
        """Restart a kernel; one that cannot be started again is gone."""
        kernel = self.get_kernel(kernel_id)
        try:
            return await super().restart_kernel(kernel_id, now=now)
        except Exception as error:
            kernel.declare_dead(error)
            raise

    async def shutdown_kernel(
        self, kernel_id: str, now: bool = False, restart: bool = False
    ) -> None:
        """Stop a kernel, also one that is just being restarted, and tell its clients."""
        self.check_kernel_id(kernel_id)
        kernel = self.get_kernel(kernel_id)
        await kernel.give_up()
        await super().shutdown_kernel(kernel_id, now, restart)
        self._kernel_connections.pop(kernel_id, None)
        for client in list(kernel.clients):
            client.lost()

    async def stop_all(self) -> None:
        """Stop every kernel at once, those that are still starting too."""
        starting = list(self._starting_kernels.values())
        for each in starting:
            each.cancel()
        await asyncio.gather(*starting, return_exceptions=True)
        for kernel_id in self.list_kernel_ids():
            self._spawn(self.shutdown_kernel(kernel_id, now=True))
        await asyncio.gather(*self._background, return_exceptions=True)

    def initialize_culler(self) -> None:
        """Look for idle kernels, also where only profiles say how long one may be idle."""
        profiles = profiles_of(self.parent).catalog.profiles
        if self.cull_idle_timeout > 0 or not any(profile.idle_timeout for profile in profiles):
            super().initialize_culler()
        elif not self._initialized_culler:
            self._initialized_culler = True
            self._culler_callback = PeriodicCallback(self.cull_kernels, 1000 * self.cull_interval)
            self._culler_callback.start()

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """Stop a kernel that has been idle for longer than its profile, or EG's option, allows."""
        kernel = self.get_kernel(kernel_id)
        if not hasattr(kernel, "last_activity"):  # it has only just been started
            return
        allowed = kernel.idle_timeout or self.cull_idle_timeout
        idle = (datetime.now(timezone.utc) - kernel.last_activity).total_seconds()
        used = self._kernel_connections.get(kernel_id, 0) and not self.cull_connected
        busy = kernel.execution_state == "busy" and not self.cull_busy
        if 0 < allowed < idle and not used and not busy:
            self.log.warning("Kernel %s was idle for %d s: stopping it.", kernel_id, idle)
            await self.shutdown_kernel(kernel_id)

    def _handle_kernel_died(self, kernel_id: str) -> None:
        if kernel_id not in self:
            return
        kernel = self.get_kernel(kernel_id)
        self.stop_watching_activity(kernel_id)
        self.stop_buffering(kernel_id)
        kernel.cleanup()
        super()._handle_kernel_died(kernel_id)
        self._kernel_connections.pop(kernel_id, None)

    async def _add_kernel_when_ready(
        self, kernel_id: str, km: ProfileKernelManager, started: Awaitable[None]
    ) -> None:
        try:
            await super()._add_kernel_when_ready(kernel_id, km, started)
        except BaseException:
            # jupyter_client forgets a start only if it succeeds.
            self._starting_kernels.pop(kernel_id, None)
            raise

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
