"""Fixtures for tests that need the real thing."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

# Imported where it is used: the pure rooms are also tested where it is not installed.
if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

# Where tests run in the background SIGINT is ignored, and every child would inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no defect of the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def kubeconfig() -> str:
    """Path of the kubeconfig of the cluster that tests run on."""
    from .support.clusters import cluster_manager

    manager = cluster_manager()
    manager.create()
    assert manager.kubeconfig is not None
    return str(manager.kubeconfig)


@pytest.fixture(scope="session")
def core(kubeconfig: str) -> CoreV1Api:
    """The cluster's core API, as an administrator."""
    from kubernetes import client, config

    return client.CoreV1Api(config.new_client_from_config(kubeconfig))


@pytest.fixture
def namespace(core: CoreV1Api) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"test-{secrets.token_hex(4)}"
    core.create_namespace({"metadata": {"name": name}})
    yield name
    core.delete_namespace(name)


@pytest.fixture
def user(core: CoreV1Api) -> Iterator[str]:
    """A user of the test's own; the user's namespace is deleted afterwards."""
    from kubernetes.client import ApiException

    name = f"u{secrets.token_hex(4)}"
    yield name
    try:
        core.delete_namespace(f"hub-{name}")
    except ApiException as error:
        if error.status != 404:
            raise


@pytest.fixture
def gpus(core: CoreV1Api) -> None:
    """The cluster has a node with GPUs."""
    nodes = core.list_node().items
    if not any(int(node.status.allocatable.get("nvidia.com/gpu", 0)) for node in nodes):
        pytest.skip("the cluster has no node with nvidia.com/gpu")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).parents[1]
