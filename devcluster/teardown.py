"""Removing a cluster, whatever state it is in.

Nothing here asks the cluster's own record: a cluster that was killed half-way, or whose machine was
restarted, is removed like one that runs.
"""

from __future__ import annotations

import os
import shutil

from devcluster.cgroups import remove_cgroups
from devcluster.clusters import Cluster
from devcluster.errors import DevclusterError
from devcluster.network import remove_network
from devcluster.processes import kill_all


def remove(cluster: Cluster, keep_logs: bool = False) -> bool:
    """Removes everything of a cluster; returns whether there was anything.

    Args:
        keep_logs: moves the logs to `cluster.failed_logs`.

    Raises DevclusterError where something cannot be removed; what could be removed is gone then,
    and a second call goes on from there.
    """
    user = os.geteuid()
    if user != 0 and cluster.folder.exists() and cluster.folder.stat().st_uid != user:
        raise DevclusterError(f"Cluster {cluster.name} belongs to another user.")
    killed = kill_all(cluster)
    if user == 0:
        remove_network(cluster)
        remove_cgroups(cluster)
    shutil.rmtree(cluster.failed_logs, ignore_errors=True)
    existed = cluster.folder.exists()
    if keep_logs and cluster.logs.exists():
        cluster.logs.rename(cluster.failed_logs)
    if existed:
        shutil.rmtree(cluster.folder)
    return bool(killed or existed)
