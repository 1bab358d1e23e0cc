"""A plan as Kubernetes objects. Pure: dicts out, no cluster."""

from __future__ import annotations

from . import labels
from .base import termination_grace
from .building import build_pod, build_secret
from .connection import CONNECTION_ENV, CONNECTION_KEY, PORTS, connection_info
from .launching import Launch
from .naming import pod_name

__all__ = [
    "CONNECTION_ENV",
    "CONNECTION_KEY",
    "PORTS",
    "Launch",
    "build_pod",
    "build_secret",
    "connection_info",
    "labels",
    "pod_name",
    "termination_grace",
]
