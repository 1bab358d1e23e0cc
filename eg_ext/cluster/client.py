"""The Kubernetes API, spoken in plain JSON over one pool of connections.

The official client's generated models cost more time than the requests they
describe, and know only the fields of their own release. Here manifests and
answers stay the API's own dicts; the official client gives what is hard:
configuration, credentials and their renewal, TLS.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio import client as kubernetes_client
from kubernetes.aio import config as kubernetes_config

from .errors import ApiError, ClusterUnreachable

__all__ = ["Client"]

Json = dict[str, Any]

REQUEST_TIMEOUT = 30.0
"""Seconds after which a request other than a watch is given up."""

_MAX_CONNECTIONS = 100
_RENEWAL_PAUSE = 10.0

# Before Python 3.11 asyncio's TimeoutError is a class of its own; a ValueError is an answer that is
# no JSON, as from a proxy on the way.
_NO_ANSWER = (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError)


class Client:
    """A connection to one cluster; make one with :meth:`connect`.

    Every method raises :class:`ApiError` where the API server says no and
    :class:`ClusterUnreachable` where it does not answer.
    """

    def __init__(self, api: kubernetes_client.ApiClient) -> None:
        self._api = api
        self._renew: Callable[[], Awaitable[None]] | None = None
        self._renewed = float("-inf")
        self.requests = 0
        """How many requests were sent, watches included."""

    @classmethod
    async def connect(cls, kubeconfig: str | None = None, context: str | None = None) -> Client:
        """Read the configuration and prepare the connections; sends nothing yet.

        Args:
            kubeconfig: path of a kubeconfig. Without it the pod's own service
                account is used, and outside a pod the default kubeconfig
                (``$KUBECONFIG`` or ``~/.kube/config``).
            context: context of the kubeconfig; its current one if not given.

        Raises:
            ClusterUnreachable: no usable configuration was found.
        """
        _check_path(kubeconfig)
        configuration = kubernetes_client.Configuration()
        configuration.connection_pool_maxsize = _MAX_CONNECTIONS

        async def load() -> None:
            if not kubeconfig and not context:
                try:
                    kubernetes_config.load_incluster_config(client_configuration=configuration)
                    return
                except kubernetes_config.ConfigException:
                    pass
            await _load_kubeconfig(configuration, kubeconfig, context)

        try:
            await load()
        except (kubernetes_config.ConfigException, OSError) as error:
            raise ClusterUnreachable(f"no usable Kubernetes configuration: {error}") from error
        client = cls(kubernetes_client.ApiClient(configuration))
        client._renew = load
        return client

    async def close(self) -> None:
        """Close all connections; the client cannot be used afterwards."""
        await self._api.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        content_type: str = "application/json",
    ) -> Json:
        """Send one request and return the answer.

        Args:
            method: HTTP method.
            path: path below the server's address, such as ``/api/v1/pods``.
            query: query parameters.
            body: a manifest, options or a patch.
            content_type: of the body; a patch says here which kind it is.
        """
        timeout = aiohttp.ClientTimeout(REQUEST_TIMEOUT)
        try:
            response = await self._send(method, path, query, body, content_type, timeout)
            data = await response.read()
            if response.status == 401 and await self._renew_credentials():
                response = await self._send(method, path, query, body, content_type, timeout)
                data = await response.read()
            if response.status >= 400:
                raise ApiError.from_answer(response.status, data)
            answer: Json = json.loads(data)
        except _NO_ANSWER as error:
            raise ClusterUnreachable(_unreachable(error)) from error
        return answer

    async def stream(
        self, path: str, query: Mapping[str, str], silence: float, on_open: Callable[[], None]
    ) -> AsyncIterator[Json]:
        """Open a watch and yield its events until the server ends it.

        Args:
            path: path of the collection.
            query: its query; must contain ``watch``.
            silence: seconds without a byte after which the connection is
                taken for dead.
            on_open: called once the server has accepted the watch.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=REQUEST_TIMEOUT, sock_read=silence)
        try:
            response = await self._send("GET", path, query, None, "application/json", timeout)
            try:
                if response.status >= 400:
                    if response.status == 401:
                        await self._renew_credentials()
                    raise ApiError.from_answer(response.status, await response.read())
                on_open()
                async for line in response.content:
                    yield json.loads(line)
            finally:
                response.close()
        except _NO_ANSWER as error:
            raise ClusterUnreachable(_unreachable(error)) from error

    async def _renew_credentials(self) -> bool:
        """Read the configuration again, for tokens that a plugin or a login gives for a while."""
        now = time.monotonic()
        if self._renew is None or now - self._renewed < _RENEWAL_PAUSE:
            return False
        self._renewed = now
        try:
            await self._renew()
        except (kubernetes_config.ConfigException, OSError) as error:
            raise ClusterUnreachable(f"the credentials cannot be renewed: {error}") from error
        return True

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Json | None,
        content_type: str,
        timeout: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        self.requests += 1
        if query:
            path = f"{path}?{urlencode(query)}"
        method, url, headers, body, _ = await self._api.param_serialize(
            method,
            path,
            header_params={"Content-Type": content_type, "Accept": "application/json"},
            body=body,
            auth_settings=["BearerToken"],
        )
        answer = await self._api.call_api(
            method, url, header_params=headers, body=body, _request_timeout=timeout
        )
        return answer.response


def _check_path(kubeconfig: str | None) -> None:
    """The official client calls a file that is not there an invalid one."""
    if kubeconfig and not Path(kubeconfig).is_file():
        raise ClusterUnreachable(f"there is no kubeconfig at {kubeconfig}")


async def _load_kubeconfig(
    configuration: kubernetes_client.Configuration, path: str | None, context: str | None
) -> None:
    await kubernetes_config.load_kube_config(
        config_file=path, context=context, client_configuration=configuration, persist_config=False
    )


def _unreachable(error: BaseException) -> str:
    return f"the Kubernetes API does not answer: {error or type(error).__name__}"
