"""The cluster that tests run on: one that is given, devcluster, or what pytest-kubernetes finds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pytest_kubernetes.options import ClusterOptions
from pytest_kubernetes.providers import select_provider_manager
from pytest_kubernetes.providers.base import AClusterManager

__all__ = ["DevclusterManager", "cluster_manager"]

ROOT = Path(__file__).parents[2]


class DevclusterManager(AClusterManager):
    """pytest-kubernetes' provider for devcluster; the cluster outlives the tests."""

    @classmethod
    def get_binary_name(cls) -> str:
        return sys.executable

    def _on_create(self, cluster_options: ClusterOptions, **kwargs: object) -> None:
        self._devcluster("up")
        self._cluster_options.kubeconfig_path = Path(self._devcluster("kubeconfig").strip())

    def _on_delete(self) -> None:
        """Kept: the next test run starts faster. `make cluster-down` takes it down."""

    def ready(self, timeout: int = 20) -> bool:
        # pytest-kubernetes makes an empty file first; the kubeconfig is known after `up`.
        if self.kubeconfig is None or not self.kubeconfig.read_bytes():
            return False
        status = [sys.executable, "-m", "devcluster", "status"]
        return subprocess.run(status, cwd=ROOT, capture_output=True, timeout=60).returncode == 0

    def load_image(self, image: str) -> None:
        """Load an image; devcluster takes the path of an archive."""
        self._devcluster("load", image)

    def _devcluster(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "devcluster", *arguments]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=900)
        if done.returncode != 0:
            raise RuntimeError(f"devcluster {' '.join(arguments)} failed, see above")
        return done.stdout


def cluster_manager() -> AClusterManager:
    """Choose the cluster: ``$KUBECONFIG``, else ``$CLUSTER_PROVIDER`` (kind, k3d, minikube), else
    devcluster."""
    kubeconfig = os.environ.get("KUBECONFIG")
    if kubeconfig:
        options = {"kubeconfig": kubeconfig, "kubeconfig_override": None}
        return select_provider_manager("external", options)("external", None, Path(kubeconfig))
    provider = os.environ.get("CLUSTER_PROVIDER")
    if provider:
        options = {"kubeconfig": None, "kubeconfig_override": None}
        return select_provider_manager(provider, options)("eg-ext")
    return DevclusterManager("eg-ext")
