"""Notebooks as jobs in kernel pods, through our gateway."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from kubernetes.client import CoreV1Api

from ..gateway.conftest import CATALOG
from ..support.gateways import RunningGateway, run_gateway
from ..support.pods import eventually, pods_of
from .running import JobGateway, Jobs
from .scenarios import Scenarios

pytestmark = [pytest.mark.cluster, pytest.mark.jobs, pytest.mark.xdist_group("cluster jobs")]


@pytest.fixture(scope="module")
def running(kubeconfig: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway of these tests' own: they look at all of its kernels."""
    folder = tmp_path_factory.mktemp("gateway")
    with run_gateway(
        folder, CATALOG, kubeconfig, "--EnterpriseGatewayApp.ws_ping_interval=1"
    ) as running:
        yield running


@pytest.fixture
def gateway(running: RunningGateway, core: CoreV1Api) -> Iterator[JobGateway]:
    """The gateway as jobs see it; when they are over, no pod is left."""
    user = f"job-{secrets.token_hex(4)}"
    gateway = JobGateway(running.url, running.token, "python-small", user)
    yield gateway
    gateway.delete_all()
    eventually(lambda: not pods_of(core, user))
    if any(each.metadata.name == f"hub-{user}" for each in core.list_namespace().items):
        core.delete_namespace(f"hub-{user}")


class TestJobsOnTheCluster(Scenarios):
    """The same as on a local gateway, in pods."""


def test_a_cell_that_runs_out_of_memory_ends_the_run_and_says_so(
    gateway: JobGateway, jobs: Jobs
) -> None:
    tight = JobGateway(gateway.url, gateway.token, "python-tight", gateway.user)
    code, job = jobs.run(tight, "x = bytearray(10**9)")
    assert code == 138
    assert job.error["ename"] == "KernelDied"
    assert "memory" in job.error["evalue"]
    assert "memory" in job.said


def test_a_start_that_fails_is_one_sentence(gateway: JobGateway, jobs: Jobs) -> None:
    nowhere = JobGateway(gateway.url, gateway.token, "python-nowhere-briefly", gateway.user)
    code, job = jobs.run(nowhere, "1")
    assert code != 0
    assert "The kernel did not start within 3 s. No node can take the kernel yet" in job.said
    assert "Traceback" not in job.said.split("The kernel did not start")[-1]
