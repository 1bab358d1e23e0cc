"""Start a kernel's pod, stop it, and leave nothing behind when that fails.

The pod is created first and its Secret second, owned by the pod: whatever
becomes of us in between, deleting the pod takes the Secret along. The kubelet
needs longer to make the pod's sandbox than we need to create the Secret, and
where it is faster after all, it tries again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..catalog import Plan
from ..pods import Launch, build_pod, build_secret, labels
from .client import Client
from .errors import ApiError, ClusterError, ClusterUnreachable, StartFailed
from .fleet import Fleet, KernelPod
from .probing import until_listening

__all__ = ["Running", "Starter"]

_ACCOUNT_PATIENCE = 5.0
"""Seconds for a new namespace to get its default service account (about 0.1 s as a rule)."""

_STRICT = {"fieldValidation": "Strict"}
"""Without it the API server drops fields that it does not know, and says nothing."""

_REMEMBERED_STARTS = 1000
"""Failed starts whose pods may still turn up; of most there never was one."""
_DELETE_ATTEMPTS = 60
_LONGEST_PAUSE = 15.0
"""Seconds: together a quarter of an hour, longer than a control plane's upgrade."""
_CLEANUP_PATIENCE = 5.0


@dataclass(frozen=True)
class Running:
    """A kernel that accepts connections."""

    pod: KernelPod
    connection: Mapping[str, Any]
    """A Jupyter connection file's content, with the pod's address."""


class Starter:
    """Starts and stops kernel pods.

    Args:
        client: the cluster.
        fleet: its kernels.
        create_namespaces: make a namespace that does not exist yet. It is kept
            afterwards: volumes and other kernels of its user live there.
        log: where clean-ups that failed are said.
    """

    def __init__(
        self, client: Client, fleet: Fleet, create_namespaces: bool, log: logging.Logger
    ) -> None:
        self._client = client
        self._fleet = fleet
        self._create_namespaces = create_namespaces
        self._log = log
        self._background: set[asyncio.Task[None]] = set()
        self._abandoned: deque[tuple[str, str]] = deque(maxlen=_REMEMBERED_STARTS)
        fleet.subscribe(self._delete_abandoned)

    async def start(self, plan: Plan, launch: Launch, connection: Mapping[str, Any]) -> Running:
        """Create the kernel's pod and return when the kernel accepts connections.

        When this raises or is cancelled, everything it created is deleted.

        Args:
            plan: what to start.
            launch: under which names.
            connection: a connection file's content; its address is filled in.

        Raises:
            StartFailed: the kernel cannot run, or not within the plan's `start_timeout`.
            ClusterUnreachable: the API server does not answer.
        """
        try:
            return await asyncio.wait_for(
                self._create_and_await(plan, launch, connection), plan.start_timeout
            )
        except asyncio.TimeoutError:
            seen = self._fleet.get(plan.namespace, launch.pod_name)
            stale = self._fleet.stale_since is not None
            await self._clean_up(plan.namespace, launch.pod_name)
            if stale:
                raise ClusterUnreachable("the watch on kernel pods is broken") from None
            raise StartFailed(_too_slow(plan, seen), status=504) from None
        except BaseException:
            await self._clean_up(plan.namespace, launch.pod_name)
            raise

    async def stop(self, namespace: str, name: str, *, now: bool = False) -> None:
        """Delete a kernel's pod; its Secret goes with it.

        Args:
            namespace: of the pod.
            name: of the pod.
            now: do not wait for the kernel to end by itself.

        Raises:
            ClusterError: it could not be deleted.
        """
        options: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "v1"}
        if now:
            # Not 0: the pod would be gone for the scheduler while its processes still run.
            options["gracePeriodSeconds"] = 1
        try:
            await self._client.request("DELETE", _pod_path(namespace, name), body=options)
        except ApiError as error:
            if error.status != 404:
                raise

    def stop_soon(self, namespace: str, name: str, *, now: bool = False) -> None:
        """Delete a kernel's pod in the background, trying again where that fails."""
        self._spawn(self._stop_surely(namespace, name, now))

    async def finish(self, patience: float) -> None:
        """Wait until everything that runs in the background is done, for `patience` seconds."""
        if self._background:
            _, late = await asyncio.wait(self._background, timeout=patience)
            for task in late:
                task.cancel()

    async def _create_and_await(
        self, plan: Plan, launch: Launch, connection: Mapping[str, Any]
    ) -> Running:
        await self._create(plan, launch, connection)
        return await self._until_listening(plan, launch, connection)

    async def _create(self, plan: Plan, launch: Launch, connection: Mapping[str, Any]) -> None:
        try:
            pod = await self._create_pod(plan, build_pod(plan, launch))
            self._fleet.observe(pod)
            secret = build_secret(plan, launch, connection, pod["metadata"]["uid"])
            await self._client.request(
                "POST", f"/api/v1/namespaces/{plan.namespace}/secrets", body=secret
            )
        except ApiError as error:
            raise _refused(error, plan) from error

    async def _create_pod(self, plan: Plan, manifest: dict[str, Any]) -> dict[str, Any]:
        path = f"/api/v1/namespaces/{plan.namespace}/pods"
        loop = asyncio.get_running_loop()
        patient_until = loop.time() + _ACCOUNT_PATIENCE
        while True:
            try:
                return await self._client.request("POST", path, query=_STRICT, body=manifest)
            except ApiError as error:
                if error.status == 404 and self._create_namespaces:
                    await self._create_namespace(plan.namespace)
                elif "service account" not in error.message:
                    raise
                if loop.time() > patient_until:
                    raise
            await asyncio.sleep(0.05)

    async def _create_namespace(self, name: str) -> None:
        manifest = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {labels.MANAGED_BY: labels.MANAGER}},
        }
        try:
            await self._client.request("POST", "/api/v1/namespaces", body=manifest)
        except ApiError as error:
            if error.status != 409:
                raise

    async def _until_listening(
        self, plan: Plan, launch: Launch, connection: Mapping[str, Any]
    ) -> Running:
        pod = await self._fleet.wait(plan.namespace, launch.pod_name, _decided)
        if pod is None or pod.ip is None or not pod.running:
            raise _failed(pod)
        address = {**connection, "ip": pod.ip}
        failing = asyncio.ensure_future(
            self._fleet.wait(plan.namespace, launch.pod_name, lambda now: not _healthy(now))
        )
        answering = asyncio.ensure_future(until_listening(pod.ip, connection["shell_port"]))
        try:
            await asyncio.wait({failing, answering}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                raise _failed(failing.result() or pod)
            return Running(self._fleet.get(*pod.key) or pod, address)
        finally:
            failing.cancel()
            answering.cancel()

    async def _clean_up(self, namespace: str, name: str) -> None:
        # A task of its own: whoever cancelled the start must not cancel this as
        # well, and a cluster that does not answer must not hold back the error.
        self._abandoned.append((namespace, name))
        deletion = self._spawn(self._stop_surely(namespace, name, now=True))
        await asyncio.wait({deletion}, timeout=_CLEANUP_PATIENCE)

    def _delete_abandoned(self, before: KernelPod, after: KernelPod | None) -> None:
        """A create whose answer never came may still be carried out after its deletion."""
        if before.key not in self._abandoned:
            return
        if after is None:
            self._abandoned.remove(before.key)
        elif not after.deleting:
            self.stop_soon(*after.key, now=True)

    async def _stop_surely(self, namespace: str, name: str, now: bool) -> None:
        for attempt in range(_DELETE_ATTEMPTS):
            try:
                await self.stop(namespace, name, now=now)
                return
            except ClusterError as error:
                self._log.warning("Pod %s/%s is not deleted yet: %s", namespace, name, error)
            await asyncio.sleep(min(2**attempt, _LONGEST_PAUSE))
        self._log.error("Pod %s/%s could not be deleted, do it by hand.", namespace, name)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task


def _pod_path(namespace: str, name: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods/{name}"


def _decided(pod: KernelPod | None) -> bool:
    """The pod runs, or never will."""
    return pod is None or pod.running or not _healthy(pod)


def _healthy(pod: KernelPod | None) -> bool:
    if pod is None or pod.ended or pod.deleting:
        return False
    return pod.trouble is None or not pod.trouble.fatal


def _failed(pod: KernelPod | None) -> StartFailed:
    if pod is not None and pod.trouble is not None and pod.trouble.fatal:
        return StartFailed(pod.trouble.sentence)
    return StartFailed("The kernel's pod was deleted while it was starting. Start it again.")


def _too_slow(plan: Plan, pod: KernelPod | None) -> str:
    waited = f"The kernel did not start within {plan.start_timeout:g} s"
    if pod is None:
        return f"{waited}: its pod was not created in time."
    if pod.trouble is not None:
        return f"{waited}. {pod.trouble.sentence}"
    if pod.running:
        return (
            f"{waited}: its container runs on {pod.node} but its ports do not answer. "
            "Ask your administrator whether a network policy keeps the gateway from the pod."
        )
    return f"{waited}: its pod is still {pod.phase.lower()} on {pod.node or 'no node'}."


def _refused(error: ApiError, plan: Plan) -> ClusterError:
    message = error.message
    if error.status == 403 and "exceeded quota" in message:
        return StartFailed(
            f"The quota of namespace {plan.namespace} is used up: {message}. "
            "Stop a kernel that you no longer need, or choose a smaller profile.",
            status=403,
        )
    if error.status == 403:
        return StartFailed(
            f"The cluster does not allow profile {plan.profile!r} in namespace "
            f"{plan.namespace}: {message}. Ask your administrator.",
            status=403,
        )
    if error.status in (400, 422):
        return StartFailed(
            f"Profile {plan.profile!r} makes a pod that Kubernetes rejects: {message}. "
            "Ask your administrator."
        )
    if error.status == 404:
        return StartFailed(
            f"Namespace {plan.namespace} does not exist. Ask your administrator.", status=403
        )
    if error.status >= 500 or error.status == 429:
        return ClusterUnreachable(f"the Kubernetes API is in trouble: {message or error}")
    return StartFailed(f"The kernel's pod could not be created: {error}")
