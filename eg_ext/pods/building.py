"""A plan as Kubernetes objects: plain dicts, ready to be sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..catalog import CONTAINER, POD_SPEC, Plan, merge, settle
from .base import base_kernel, base_pod, base_security, contract
from .connection import CONNECTION_KEY
from .labels import annotations_of, labels_of
from .launching import Launch


def build_pod(plan: Plan, launch: Launch) -> dict[str, Any]:
    """The Pod of one kernel; its container ``kernel`` is always the first."""
    kernel = merge(base_kernel(plan, launch), plan.kernel, CONTAINER)
    kernel = merge(kernel, contract(plan, launch), CONTAINER)
    spec = merge(base_pod(), plan.pod, POD_SPEC)
    for field in ("containers", "initContainers"):
        others = [each for each in spec.get(field) or [] if "name" in each]
        spec[field] = [merge(base_security(), each, CONTAINER) for each in others] or None
    spec["containers"] = [kernel, *(spec["containers"] or [])]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": launch.pod_name,
            "namespace": plan.namespace,
            "labels": labels_of(plan, launch),
            "annotations": annotations_of(plan),
        },
        "spec": settle(spec),
    }


def build_secret(
    plan: Plan, launch: Launch, connection: Mapping[str, Any], pod_uid: str
) -> dict[str, Any]:
    """The Secret that hands ``connection`` to the kernel's launcher.

    It is owned by the pod with ``pod_uid``, so that Kubernetes deletes it with the pod.
    """
    owner = {"apiVersion": "v1", "kind": "Pod", "name": launch.pod_name, "uid": pod_uid}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": launch.pod_name,
            "namespace": plan.namespace,
            "labels": labels_of(plan, launch),
            "ownerReferences": [owner],
        },
        "type": "Opaque",
        # The kubelet need not watch a Secret that never changes.
        "immutable": True,
        "stringData": {CONNECTION_KEY: json.dumps(connection, separators=(",", ":"))},
    }
