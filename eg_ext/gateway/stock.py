"""Enterprise Gateway's Kubernetes proxy, importable outside a cluster.

Its module loads the in-cluster configuration while it is imported and fails
where there is none. Our proxy talks to the cluster through its own client, so
for us that configuration does not matter; inside a cluster it is loaded as ever.
"""

from __future__ import annotations

from typing import Any

from kubernetes import config

__all__ = ["KubernetesProcessProxy"]

_load_incluster_config = config.load_incluster_config


def _load_if_in_cluster(*args: Any, **kwargs: Any) -> None:
    try:
        _load_incluster_config(*args, **kwargs)
    except config.ConfigException:
        return


config.load_incluster_config = _load_if_in_cluster
try:
    from enterprise_gateway.services.processproxies.k8s import KubernetesProcessProxy
finally:
    config.load_incluster_config = _load_incluster_config
