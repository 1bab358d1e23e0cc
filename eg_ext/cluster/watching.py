"""One watch that never ends: list once, then follow.

What it guarantees:

* the first thing it yields is the whole collection, then every change to it;
* it resumes by resourceVersion after a broken or finished connection, and lists
  again only where the server has forgotten that version (410 Gone);
* bookmarks keep that version fresh while nothing changes, so an idle watch
  costs one request per :data:`WATCH_SECONDS`;
* errors are retried for ever, ever more slowly; ``on_trouble`` hears of each
  and of the recovery, so that the view can be called stale meanwhile.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from .client import Client
from .errors import ApiError, ClusterError

__all__ = ["Change", "Listed", "watch"]

WATCH_SECONDS = 540
"""How long one watch request lasts; the server ends it then and we resume."""

SILENCE_SECONDS = 90.0
"""The server sends a bookmark about once a minute: a longer silence is a dead connection."""

_PAGE = "500"
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 15.0


@dataclass(frozen=True)
class Listed:
    """The whole collection at one moment; what is older and not in it is gone."""

    items: list[dict[str, Any]]
    version: int


@dataclass(frozen=True)
class Change:
    """One object was ``ADDED``, ``MODIFIED`` or ``DELETED``."""

    type: str
    object: dict[str, Any]


async def watch(
    client: Client,
    path: str,
    selector: str,
    on_trouble: Callable[[ClusterError | None], None],
) -> AsyncIterator[Listed | Change]:
    """Follow a collection for ever.

    Args:
        client: the cluster.
        path: path of the collection, such as ``/api/v1/pods``.
        selector: label selector.
        on_trouble: called with the error when the view may be old, with None
            when it is fresh again.
    """
    version: str | None = None
    pause = _FIRST_PAUSE
    while True:
        try:
            if version is None:
                items, version = await _list(client, path, selector)
                yield Listed(items, int(version))
            query = {
                "watch": "true",
                "labelSelector": selector,
                "resourceVersion": version,
                "allowWatchBookmarks": "true",
                "timeoutSeconds": str(WATCH_SECONDS),
            }
            async for event in client.stream(
                path, query, SILENCE_SECONDS, on_open=lambda: on_trouble(None)
            ):
                kind, item = event.get("type"), event.get("object", {})
                if kind == "ERROR":
                    raise ApiError(
                        int(item.get("code", 500)),
                        str(item.get("reason", "")),
                        str(item.get("message", "")),
                    )
                pause = _FIRST_PAUSE
                version = item["metadata"]["resourceVersion"]
                if kind != "BOOKMARK":
                    yield Change(str(kind), item)
            # The server ended the watch, as it does after a while; should it do
            # so at once every time, this keeps us from asking in a tight loop.
            await asyncio.sleep(_FIRST_PAUSE)
        except ClusterError as error:
            if isinstance(error, ApiError) and error.status == 410:
                version = None
                continue
            on_trouble(error)
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, _LONGEST_PAUSE)


async def _list(client: Client, path: str, selector: str) -> tuple[list[dict[str, Any]], str]:
    items: list[dict[str, Any]] = []
    query = {"labelSelector": selector, "limit": _PAGE}
    while True:
        page = await client.request("GET", path, query=query)
        items.extend(page.get("items") or [])
        metadata = page["metadata"]
        if not metadata.get("continue"):
            return items, metadata["resourceVersion"]
        query = {**query, "continue": metadata["continue"]}
