"""The API server's own word on our pods: schema, and Pod Security "restricted"."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client
from kubernetes.dynamic import DynamicClient

from eg_ext.pods import build_pod, build_secret, connection_info

from .samples import LAUNCH, gpu_plan, plan_with

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def restricted_namespace(core: client.CoreV1Api) -> Iterator[str]:
    name = f"test-{secrets.token_hex(4)}"
    enforce = {"pod-security.kubernetes.io/enforce": "restricted"}
    core.create_namespace({"metadata": {"name": name, "labels": enforce}})
    yield name
    core.delete_namespace(name)


@pytest.fixture(scope="module")
def dynamic(core: client.CoreV1Api) -> DynamicClient:
    """Sends manifests as they are, where the typed client would check them itself."""
    return DynamicClient(core.api_client)


def admit(dynamic: DynamicClient, namespace: str, manifest: dict[str, Any]) -> Any:
    """Let the API server admit an object without keeping it; unknown fields are errors."""
    manifest["metadata"]["namespace"] = namespace
    resource = dynamic.resources.get(api_version="v1", kind=manifest["kind"])
    return resource.create(manifest, namespace, dry_run="All", field_validation="Strict")


@pytest.fixture(autouse=True)
def service_account(core: client.CoreV1Api, restricted_namespace: str) -> None:
    """A pod is refused as long as the controller has not made the namespace's account."""
    name = {"metadata": {"name": "default"}}
    try:
        core.create_namespaced_service_account(restricted_namespace, name)
    except client.ApiException as error:
        if error.status != 409:
            raise


def test_a_restricted_namespace_admits_our_pods(
    dynamic: DynamicClient, restricted_namespace: str
) -> None:
    admitted = admit(dynamic, restricted_namespace, build_pod(gpu_plan(), LAUNCH))
    assert admitted.spec.containers[0].name == "kernel"
    assert admitted.spec.volumes is None


def test_a_restricted_namespace_admits_our_pods_with_sidecars(
    dynamic: DynamicClient, restricted_namespace: str
) -> None:
    block = """\
pod:
  containers: [{name: proxy, image: x}]
  initContainers: [{name: log, image: x, restartPolicy: Always}]
  volumes: [{name: scratch, emptyDir: {sizeLimit: 1Gi}}]
kernel: {volumeMounts: [{name: scratch, mountPath: /scratch}]}
"""
    admit(dynamic, restricted_namespace, build_pod(plan_with(block), LAUNCH))


def test_a_restricted_namespace_refuses_a_profile_that_asks_for_more(
    dynamic: DynamicClient, restricted_namespace: str
) -> None:
    block = "kernel: {securityContext: {privileged: true, allowPrivilegeEscalation: true}}"
    with pytest.raises(client.ApiException, match="violates PodSecurity"):
        admit(dynamic, restricted_namespace, build_pod(plan_with(block), LAUNCH))


def test_the_api_server_takes_our_secrets(
    dynamic: DynamicClient, restricted_namespace: str
) -> None:
    secret = build_secret(gpu_plan(), LAUNCH, connection_info("key", "python"), "a-uid")
    admitted = admit(dynamic, restricted_namespace, secret)
    assert list(admitted.data.to_dict()) == ["connection"]
