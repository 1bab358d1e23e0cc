"""Looking at the cluster from outside, as an administrator does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from kubernetes.client import CoreV1Api

__all__ = ["eventually", "pod_of", "pods_of", "secrets_of"]

T = TypeVar("T")


def pods_of(core: CoreV1Api, user: str) -> list[Any]:
    """The kernel pods in a user's namespace."""
    found: list[Any] = core.list_namespaced_pod(f"hub-{user}").items
    return found


def secrets_of(core: CoreV1Api, user: str) -> list[Any]:
    """The Secrets in a user's namespace."""
    found: list[Any] = core.list_namespaced_secret(f"hub-{user}").items
    return found


def pod_of(core: CoreV1Api, user: str) -> Any:
    """The one kernel pod of a user that is not being deleted."""
    pods = [pod for pod in pods_of(core, user) if not pod.metadata.deletion_timestamp]
    assert len(pods) == 1, [pod.metadata.name for pod in pods]
    return pods[0]


def eventually(look: Callable[[], T], patience: float = 30, every: float = 0.1) -> T:
    """Look again until what is seen is true, and return it."""
    end = time.monotonic() + patience
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < end, f"not within {patience} s; last seen: {seen!r}"
        time.sleep(every)
