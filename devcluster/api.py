"""Asking the API server, with the standard library alone."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from typing import Any

from devcluster.clusters import Cluster


class Api:
    """A client of one cluster, as its administrator. Answers None where the server cannot."""

    def __init__(self, cluster: Cluster, server: str) -> None:
        self._server = server
        context = ssl.create_default_context(cafile=str(cluster.certificates / "ca.crt"))
        context.load_cert_chain(
            cluster.certificates / "admin.crt", cluster.certificates / "admin.key"
        )
        # The cluster is on this machine: a proxy of the environment is not on the way to it.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )

    def text(self, path: str, timeout: float = 5) -> str | None:
        try:
            with self._opener.open(self._server + path, timeout=timeout) as answer:
                content: bytes = answer.read()
        except (urllib.error.URLError, OSError):
            return None
        return content.decode()

    def json(self, path: str, timeout: float = 5) -> dict[str, Any] | None:
        text = self.text(path, timeout)
        if text is None:
            return None
        content: dict[str, Any] = json.loads(text)
        return content

    def ready(self) -> bool:
        return self.text("/readyz") == "ok"

    def nodes(self) -> dict[str, dict[str, Any]] | None:
        """Node name → the Node; None where the server does not answer."""
        listed = self.json("/api/v1/nodes")
        if listed is None:
            return None
        return {item["metadata"]["name"]: item for item in listed["items"]}


def node_is_ready(node: dict[str, Any]) -> bool:
    """Whether the node's kubelet says that it can run pods."""
    conditions = node.get("status", {}).get("conditions", [])
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
