"""How many requests the API server gets for kernels that do nothing.

Counted from outside: the gateway talks to the API server through a proxy.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import yaml
from aiohttp import web
from kubernetes.aio import client
from kubernetes.aio import config as kubernetes_config

from tests.support.gateways import free_port, run_gateway


@dataclass
class Idle:
    """What was counted."""

    requests: int
    kernels: int
    seconds: float

    @property
    def per_kernel_minute(self) -> float:
        """Requests per idle kernel and minute."""
        return self.requests / self.kernels / (self.seconds / 60)


class CountingProxy:
    """A plain-HTTP door to the API server that counts who comes through."""

    def __init__(self, kubeconfig: str) -> None:
        self.count = 0
        self.port = free_port()
        self._kubeconfig = kubeconfig
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(30)

    async def _serve(self) -> None:
        configuration = client.Configuration()
        await kubernetes_config.load_kube_config(
            self._kubeconfig, client_configuration=configuration
        )
        self._api = client.ApiClient(configuration)
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._forward)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        self.count += 1
        method, url, headers, _, _ = await self._api.param_serialize(
            request.method, request.path_qs, auth_settings=["BearerToken"]
        )
        headers["Content-Type"] = request.headers.get("Content-Type", "application/json")
        session = self._api.rest_client.pool_manager
        if session is None:
            session = self._api.rest_client.pool_manager = (
                self._api.rest_client._create_pool_manager()
            )
        async with session.request(
            method,
            url,
            headers=headers,
            data=await request.read(),
            timeout=aiohttp.ClientTimeout(None),
        ) as answer:
            reply = web.StreamResponse(status=answer.status)
            reply.content_type = "application/json"
            await reply.prepare(request)
            # A watch ends when the gateway hangs up.
            with contextlib.suppress(ConnectionError):
                async for chunk in answer.content.iter_any():
                    await reply.write(chunk)
            return reply


def measure(kubeconfig: str, catalog: Path, kernels: int, seconds: float) -> Idle:
    """Start kernels, let them be idle, and count."""
    proxy = CountingProxy(kubeconfig)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        door = folder / "kubeconfig"
        door.write_text(yaml.safe_dump(_kubeconfig(proxy.port)))
        with run_gateway(folder, catalog, str(door)) as gateway:
            started = [gateway.start("python-bench", "bench") for _ in range(kernels)]
            time.sleep(2)
            before = proxy.count
            time.sleep(seconds)
            after = proxy.count
            for kernel in started:
                gateway.delete(kernel["id"])
    return Idle(after - before, kernels, seconds)


def _kubeconfig(port: int) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "door",
        "clusters": [{"name": "door", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "door", "user": {}}],
        "contexts": [{"name": "door", "context": {"cluster": "door", "user": "door"}}],
    }
