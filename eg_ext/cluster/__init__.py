"""One async client of the Kubernetes API and one watch."""

from .client import Client
from .errors import ApiError, ClusterError, ClusterUnreachable, StartFailed
from .fleet import Fleet, KernelPod
from .probing import until_listening
from .starting import Running, Starter

__all__ = [
    "ApiError",
    "Client",
    "ClusterError",
    "ClusterUnreachable",
    "Fleet",
    "KernelPod",
    "Running",
    "StartFailed",
    "Starter",
    "until_listening",
]
