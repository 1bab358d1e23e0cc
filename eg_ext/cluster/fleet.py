"""What the gateway knows of the kernels that run.

One watch feeds a small record per kernel pod; everybody else reads the records
or waits for one of them to change. Nobody polls, and asking costs no request.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..pods import labels
from .client import Client
from .diagnosis import Trouble, diagnose
from .errors import ClusterError, ClusterUnreachable
from .watching import Listed, watch

__all__ = ["Fleet", "KernelPod"]

Key = tuple[str, str]
"""Namespace and name of a pod."""

Listener = Callable[["KernelPod", "KernelPod | None"], None]
"""Called with the record as it was (or first is) and as it is now; None: gone."""

_REMEMBERED_DELETIONS = 1000


@dataclass(frozen=True)
class KernelPod:
    """A kernel's pod as last seen."""

    namespace: str
    name: str
    uid: str
    version: int
    kernel_id: str
    user: str
    profile: str
    kernelspec: str
    phase: str
    ip: str | None
    node: str | None
    started: bool
    """The kernel's container has been started (it may have ended since)."""
    ended: bool
    """The kernel's container has ended and will not run again."""
    deleting: bool
    trouble: Trouble | None
    """What keeps it from running, or what ended it."""

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return self.namespace, self.name

    @property
    def running(self) -> bool:
        """The kernel's container runs and has an address."""
        return self.started and not self.ended and self.ip is not None

    @classmethod
    def from_pod(cls, pod: dict[str, Any]) -> KernelPod:
        """Take from the API's pod what the gateway needs."""
        metadata, status = pod["metadata"], pod.get("status") or {}
        its_labels = metadata.get("labels") or {}
        annotations = metadata.get("annotations") or {}
        state = _kernel_state(status)
        phase = status.get("phase", "Pending")
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            version=int(metadata["resourceVersion"]),
            kernel_id=its_labels.get(labels.KERNEL_ID, ""),
            user=annotations.get(labels.USERNAME, ""),
            profile=its_labels.get(labels.PROFILE, ""),
            kernelspec=its_labels.get(labels.KERNELSPEC, ""),
            phase=phase,
            ip=status.get("podIP"),
            node=(pod.get("spec") or {}).get("nodeName"),
            started="running" in state or "terminated" in state,
            ended="terminated" in state or phase in ("Succeeded", "Failed"),
            deleting="deletionTimestamp" in metadata,
            trouble=diagnose(pod),
        )


def _kernel_state(status: dict[str, Any]) -> dict[str, Any]:
    for container in status.get("containerStatuses") or []:
        if container.get("name") == labels.CONTAINER:
            state: dict[str, Any] = container.get("state") or {}
            return state
    return {}


class Fleet:
    """The kernels of one gateway.

    Args:
        client: the cluster.
        gateway: the gateway's name; only pods that carry it are seen.
        namespace: watch this namespace only; all of them if None.
        log: where trouble with the watch is said.
    """

    def __init__(
        self, client: Client, gateway: str, namespace: str | None, log: logging.Logger
    ) -> None:
        self._client = client
        self._selector = labels.selector(gateway)
        self._path = f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods"
        self._log = log
        self._pods: dict[Key, KernelPod] = {}
        self._gone: deque[str] = deque(maxlen=_REMEMBERED_DELETIONS)
        self._listeners: list[Listener] = []
        self._listed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._last_trouble: ClusterError | None = None
        self.stale_since: float | None = time.monotonic()
        """Since when (monotonic seconds) the view may be old; None while it is fresh."""

    def __iter__(self) -> Iterator[KernelPod]:
        return iter(list(self._pods.values()))

    def __len__(self) -> int:
        return len(self._pods)

    def get(self, namespace: str, name: str) -> KernelPod | None:
        """The record of a pod, or None if there is no such pod (any more)."""
        return self._pods.get((namespace, name))

    async def start(self, patience: float) -> None:
        """Begin to watch; return when the first list is there.

        The watch goes on trying even where this raises.

        Args:
            patience: seconds to wait for the first list.

        Raises:
            ClusterError: why there is no list yet.
        """
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow(), name="eg-ext fleet")
        try:
            await asyncio.wait_for(self._listed.wait(), patience)
        except asyncio.TimeoutError:
            raise self._last_trouble or ClusterUnreachable(
                f"the Kubernetes API did not answer within {patience:g} s"
            ) from None

    async def stop(self) -> None:
        """End the watch."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` at every change; returns what ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    async def wait(
        self, namespace: str, name: str, condition: Callable[[KernelPod | None], bool]
    ) -> KernelPod | None:
        """Wait until a pod's record fulfils a condition, and return the record.

        Has no end of its own: callers use a timeout. A pod that is gone, or was
        never seen, is None; :meth:`observe` a pod after creating it.
        """
        key = (namespace, name)
        reached: asyncio.Future[KernelPod | None] = asyncio.get_running_loop().create_future()

        def check(before: KernelPod, after: KernelPod | None) -> None:
            if before.key == key and not reached.done() and condition(after):
                reached.set_result(after)

        now = self._pods.get(key)
        if condition(now):
            return now
        unsubscribe = self.subscribe(check)
        try:
            return await reached
        finally:
            unsubscribe()

    def observe(self, pod: dict[str, Any]) -> KernelPod:
        """Take over a pod that somebody else just read or created."""
        record = KernelPod.from_pod(pod)
        known = self._pods.get(record.key)
        if record.uid in self._gone:
            return record
        if known is not None and known.uid == record.uid and known.version >= record.version:
            return known
        self._pods[record.key] = record
        self._tell(known or record, record)
        return record

    async def _follow(self) -> None:
        async for event in watch(self._client, self._path, self._selector, self._on_trouble):
            if isinstance(event, Listed):
                present = {self.observe(item).uid for item in event.items}
                for pod in list(self._pods.values()):
                    if pod.uid not in present and pod.version <= event.version:
                        self._forget(pod)
                self._listed.set()
            elif event.type == "DELETED":
                # The last state of a pod is often only seen in its deletion.
                self._forget(self.observe(event.object))
            else:
                self.observe(event.object)

    def _forget(self, pod: KernelPod) -> None:
        self._gone.append(pod.uid)
        known = self._pods.get(pod.key)
        if known is not None and known.uid == pod.uid:
            del self._pods[pod.key]
            self._tell(known, None)

    def _tell(self, before: KernelPod, after: KernelPod | None) -> None:
        for listener in list(self._listeners):
            listener(before, after)

    def _on_trouble(self, error: ClusterError | None) -> None:
        if error is None:
            if self._last_trouble is not None:
                self._log.warning("The watch on kernel pods works again.")
            self._last_trouble = None
            self.stale_since = None
            return
        if self._last_trouble is None:
            self._log.warning("The watch on kernel pods broke, trying again: %s", error)
        self._last_trouble = error
        if self.stale_since is None:
            self.stale_since = time.monotonic()
