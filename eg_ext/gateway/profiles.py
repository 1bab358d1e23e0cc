"""The gateway's connection to the catalog and to the cluster.

One :class:`KernelProfiles` belongs to one gateway application, ours or stock
Enterprise Gateway; the process proxies of its kernels share it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from traitlets import Bool, Float, Unicode
from traitlets.config import LoggingConfigurable

from ..catalog import Catalog, load
from ..cluster import Client, Fleet, Starter

__all__ = ["KernelProfiles", "profiles_of"]

CLOSE_PATIENCE = 20.0
"""Seconds for deletions that are under way when the gateway stops."""

_ATTRIBUTE = "_eg_ext_kernel_profiles"


class KernelProfiles(LoggingConfigurable):
    """Where kernel profiles come from and which cluster runs them."""

    catalog_file = Unicode(
        "catalog.yaml", config=True, help="Path of the catalog: the YAML file with the profiles."
    )
    kubeconfig = Unicode(
        "",
        config=True,
        help="""Path of the kubeconfig. If empty, the pod's own service account is used and,
        outside a pod, $KUBECONFIG or ~/.kube/config.""",
    )
    context = Unicode("", config=True, help="Context of the kubeconfig; if empty, its current one.")
    gateway_name = Unicode(
        "eg-ext",
        config=True,
        help="""Name of this gateway on its pods (label eg-ext.io/gateway). Gateways that share a
        cluster need different names; a gateway keeps its name over restarts.""",
    )
    create_namespaces = Bool(
        True,
        config=True,
        help="""Create a user's namespace if it does not exist yet. It is never deleted, since
        volumes may live there.""",
    )
    connect_timeout = Float(
        10.0, config=True, help="Seconds to wait for the cluster before a start is refused."
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._catalog: Catalog | None = None
        self._connecting: asyncio.Lock | None = None
        self._client: Client | None = None
        self._fleet: Fleet | None = None
        self._starter: Starter | None = None

    @property
    def catalog(self) -> Catalog:
        """The catalog, read on first use.

        Raises:
            CatalogError: the file is missing or wrong.
        """
        if self._catalog is None:
            self._catalog = load(Path(self.catalog_file))
        return self._catalog

    @property
    def fleet(self) -> Fleet:
        """The kernels of this gateway; only after :meth:`connected`."""
        assert self._fleet is not None, "not connected yet"
        return self._fleet

    @property
    def starter(self) -> Starter:
        """Starts and stops kernel pods; only after :meth:`connected`."""
        assert self._starter is not None, "not connected yet"
        return self._starter

    async def connected(self) -> KernelProfiles:
        """Return once the cluster's kernels are known.

        Raises:
            CatalogError: the catalog cannot be read.
            ClusterError: the cluster cannot be reached.
        """
        if self._connecting is None:
            self._connecting = asyncio.Lock()
        async with self._connecting:
            if self._client is None:
                client = await Client.connect(self.kubeconfig or None, self.context or None)
                self._fleet = Fleet(client, self.gateway_name, self._only_namespace(), self.log)
                self._starter = Starter(client, self._fleet, self.create_namespaces, self.log)
                self._client = client
        await self.fleet.start(self.connect_timeout)
        return self

    async def close(self) -> None:
        """Finish what runs in the background and disconnect."""
        if self._client is None:
            return
        await self.starter.finish(CLOSE_PATIENCE)
        await self.fleet.stop()
        await self._client.close()
        self._client = self._fleet = self._starter = None

    def _only_namespace(self) -> str | None:
        """The namespace that all kernels share, if they do: then no cluster-wide watch."""
        namespace = self.catalog.namespace
        return None if "{" in namespace else namespace


def profiles_of(application: Any) -> KernelProfiles:
    """The profiles of a gateway application, made from its configuration on first use."""
    profiles: KernelProfiles | None = getattr(application, _ATTRIBUTE, None)
    if profiles is None:
        profiles = KernelProfiles(parent=application)
        setattr(application, _ATTRIBUTE, profiles)
    return profiles
