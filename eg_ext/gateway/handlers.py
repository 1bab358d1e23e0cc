"""HTTP and websocket handlers that differ from Enterprise Gateway's own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from enterprise_gateway.services.kernels import handlers as stock
from jupyter_client.jsonutil import date_default
from jupyter_server.auth import authorized
from jupyter_server.base.zmqhandlers import serialize_msg_to_ws_v1
from jupyter_server.utils import url_escape, url_path_join
from tornado import web

from .errors import ReadableErrors
from .kernels import ProfileKernelManager

__all__ = ["ChannelsHandler", "KernelActionHandler", "MainKernelHandler", "replace_handlers"]


class MainKernelHandler(ReadableErrors, stock.MainKernelHandler):
    """``/api/kernels``: list, and start.

    A start belongs to its request alone: nothing about it is put on an object
    that another request can see, and it ends when its client goes away.
    """

    _starting: asyncio.Task[str] | None = None
    _client_gone = False

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Start a kernel; 201 when it accepts connections."""
        model = self.get_json_body() or {}
        name, env = _checked(model)
        manager = self.kernel_manager
        self._starting = asyncio.ensure_future(
            manager.start_kernel(
                kernel_name=name or manager.default_kernel_name, env=self._build_kernel_env(env)
            )
        )
        try:
            kernel_id = await self._starting
        except asyncio.CancelledError:
            if not self._client_gone:
                raise web.HTTPError(503, "The gateway is shutting down.") from None
            self.log.info("The client went away while its kernel was starting.")
            return
        if self._client_gone:
            await manager.shutdown_kernel(kernel_id, now=True)
            return
        self.set_header(
            "Location", url_path_join(self.base_url, "api", "kernels", url_escape(kernel_id))
        )
        self.set_status(201)
        self.finish(json.dumps(manager.kernel_model(kernel_id), default=date_default))

    def on_connection_close(self) -> None:
        """The client is gone: its start is of no use to anyone (tornado's hook)."""
        self._client_gone = True
        if self._starting is not None:
            self._starting.cancel()
        super().on_connection_close()


def _checked(model: Any) -> tuple[str | None, dict[str, Any]]:
    """Name and env of a request's body."""
    if not isinstance(model, dict):
        raise web.HTTPError(400, "The request's body must be a JSON object.")
    name, env = model.get("name"), model.get("env") or {}
    if name is not None and not isinstance(name, str):
        raise web.HTTPError(400, "'name' must be the name of a kernelspec.")
    if not isinstance(env, dict):
        raise web.HTTPError(400, "'env' must be an object with names and values.")
    return name, env


class KernelActionHandler(ReadableErrors):
    """``/api/kernels/{id}/interrupt`` and ``…/restart``, mixed into Enterprise Gateway's class."""

    @web.authenticated
    @authorized
    async def post(self: Any, kernel_id: str, action: str) -> None:
        """Interrupt (204) or restart (200 with the kernel) a kernel."""
        manager = self.kernel_manager
        manager.check_kernel_id(kernel_id)
        if action == "interrupt":
            if not manager.get_kernel(kernel_id).has_kernel:
                raise web.HTTPError(409, "The kernel is being restarted.")
            await manager.interrupt_kernel(kernel_id)
            self.set_status(204)
            self.finish()
            return
        await manager.restart_kernel(kernel_id)
        self.finish(json.dumps(manager.kernel_model(kernel_id), default=date_default))


class ChannelsHandler(ReadableErrors, stock.ZMQChannelsHandler):
    """``/api/kernels/{id}/channels``: a client's websocket, for as long as its kernel lives.

    A kernel that restarts gets a new pod with a new address; the websocket is
    connected to it without the client's doing. A kernel that ends says why.
    """

    _kernel: ProfileKernelManager | None = None
    _held: list[str | bytes] | None = None
    """Messages for a kernel that is being restarted; None while it is not."""

    async def pre_get(self) -> None:
        """Before the websocket is opened: a kernel that is being restarted has no address."""
        await self.kernel_manager.get_kernel(self.kernel_id).settled.wait()
        self.kernel_manager.check_kernel_id(self.kernel_id)
        await super().pre_get()

    def open(self, kernel_id: str) -> Any:
        """The websocket is there: connect it to the kernel (tornado's hook)."""
        # Without it every reply waits for the acknowledgement of the one before.
        self.set_nodelay(True)
        connected = super().open(kernel_id)
        if kernel_id in self.kernel_manager:
            self._kernel = self.kernel_manager.get_kernel(kernel_id)
            self._kernel.clients.append(self)
        return connected

    def on_message(self, ws_msg: str | bytes) -> None:
        """A message from the client (tornado's hook)."""
        if self._held is not None:
            self._held.append(ws_msg)
        else:
            super().on_message(ws_msg)

    def on_close(self) -> None:
        """The websocket is gone (tornado's hook)."""
        if self._kernel is not None and self in self._kernel.clients:
            self._kernel.clients.remove(self)
        super().on_close()

    def on_kernel_restarted(self) -> None:
        """The kernel ended and is about to be restarted."""
        self._say_why()
        super().on_kernel_restarted()

    def on_restart_failed(self) -> None:
        """The kernel ended for good."""
        self._held = None
        self._say_why()
        super().on_restart_failed()

    def hold(self) -> None:
        """Keep messages until the kernel is in its new pod."""
        if self._held is None:
            self._held = []

    async def reconnect(self) -> None:
        """Connect to the kernel's new pod and send what was kept."""
        if self.ws_connection is None:
            return
        for stream in self.channels.values():
            if not stream.closed():
                stream.on_recv(None)
                stream.close()
        try:
            self.create_stream()
            await self.nudge()
        except Exception:
            # Its client will come back, and must not believe until then that it is heard.
            self._held = None
            self.close()
            raise
        for stream in self.channels.values():
            if not stream.closed():
                stream.on_recv_stream(self._on_zmq_reply)
        held, self._held = self._held or [], None
        for message in held:
            self.on_message(message)

    def lost(self) -> None:
        """The kernel was shut down: no answer will come."""
        self._held = None
        if self.ws_connection is not None:
            self._send_status_message("dead")

    def _say_why(self) -> None:
        reason = self._kernel.end_reason if self._kernel is not None else None
        if not reason:
            return
        message = self.session.msg(
            "stream",
            content={"name": "stderr", "text": f"{reason}\n"},
            metadata={"eg_ext": {"reason": reason}},
        )
        if self.subprotocol == "v1.kernel.websocket.jupyter.org":
            packed = serialize_msg_to_ws_v1(message, "iopub", self.session.pack)
            self.write_message(packed, binary=True)
        else:
            message["channel"] = "iopub"
            self.write_message(json.dumps(message, default=date_default))


_REPLACED: dict[str, type] = {
    "MainKernelHandler": MainKernelHandler,
    "KernelActionHandler": KernelActionHandler,
    "ZMQChannelsHandler": ChannelsHandler,
}


def replace_handlers(routes: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Enterprise Gateway's routes with our handlers, and readable errors on all of them."""
    replaced = []
    for pattern, handler, *arguments in routes:
        # Derived from the route's own class: Enterprise Gateway may have patched that one.
        ours = _REPLACED.get(handler.__name__, ReadableErrors)
        replaced.append((pattern, type(handler.__name__, (ours, handler), {}), *arguments))
    return replaced
