from __future__ import annotations

from pathlib import Path

import pytest

from eg_ext.catalog import KernelRequest, load, resolve
from eg_ext.pods import build_pod

from ..catalog.samples import python
from .restricted import violations
from .samples import LAUNCH, gpu_plan, plan_with

SIDECAR = "pod: {containers: [{name: proxy, image: x}], initContainers: [{name: a, image: x}]}"


def test_pods_are_restricted_unless_a_profile_says_otherwise() -> None:
    assert list(violations(build_pod(gpu_plan(), LAUNCH)["spec"])) == []
    assert list(violations(build_pod(plan_with(SIDECAR), LAUNCH)["spec"])) == []


def test_the_example_gives_restricted_pods(repository: Path) -> None:
    catalog = load(repository / "examples" / "catalog.yaml")
    for profile in catalog.profiles:
        plan = resolve(catalog, KernelRequest("alice", python(), profile.slug))
        assert list(violations(build_pod(plan, LAUNCH)["spec"])) == []


@pytest.mark.parametrize(
    ("block", "violation"),
    [
        ("kernel: {securityContext: {privileged: true}}", "kernel: privileged"),
        ("kernel: {securityContext: {capabilities: null}}", "kernel: capabilities.drop"),
        ("kernel: {securityContext: {runAsUser: 0}}", "kernel: runAsUser"),
        ("pod: {securityContext: {seccompProfile: null}}", "kernel: seccompProfile"),
        ("pod: {volumes: [{name: host, hostPath: {path: /}}]}", "volume host"),
        ("pod: {hostPID: true}", "hostPID"),
    ],
)
def test_a_profile_that_asks_for_more_gets_more(block: str, violation: str) -> None:
    assert violation in list(violations(build_pod(plan_with(block), LAUNCH)["spec"]))
