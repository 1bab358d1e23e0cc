"""One watch: everything is seen, nothing is asked twice, and what breaks is mended."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from eg_ext.cluster import ApiError, Client, ClusterUnreachable, Fleet, KernelPod
from eg_ext.pods import labels

from ..support.wires import Proxy

pytestmark = pytest.mark.cluster

LOG = logging.getLogger("test")


def manifest(namespace: str, gateway: str, name: str | None = None) -> dict[str, Any]:
    """A kernel pod that no node takes."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name or f"pod-{secrets.token_hex(4)}",
            "namespace": namespace,
            "labels": {
                labels.MANAGED_BY: labels.MANAGER,
                labels.COMPONENT: labels.COMPONENT_KERNEL,
                labels.GATEWAY: gateway,
                labels.KERNEL_ID: "some-id",
            },
            "annotations": {labels.USERNAME: "Alice A."},
        },
        "spec": {
            "nodeSelector": {"example.org/node": "none"},
            "automountServiceAccountToken": False,
            "containers": [{"name": labels.CONTAINER, "image": "team/kernel:1"}],
        },
    }


async def create(client: Client, pod: dict[str, Any]) -> dict[str, Any]:
    """Create a pod; a new namespace's service account may take a moment."""
    path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods"
    for _ in range(50):
        try:
            return await client.request("POST", path, body=pod)
        except Exception as error:
            if "service account" not in str(error):
                raise
            await asyncio.sleep(0.1)
    raise AssertionError("no service account")


async def delete(client: Client, pod: dict[str, Any]) -> None:
    """Delete a pod at once."""
    metadata = pod["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
    await client.request("DELETE", path, body={"gracePeriodSeconds": 0})


@asynccontextmanager
async def watching(
    client: Client, gateway: str, namespace: str | None = None
) -> AsyncIterator[Fleet]:
    """A fleet that has its first list."""
    fleet = Fleet(client, gateway, namespace, LOG)
    await fleet.start(10)
    try:
        yield fleet
    finally:
        await fleet.stop()


@pytest.fixture
async def client(kubeconfig: str) -> AsyncIterator[Client]:
    """A client of the cluster."""
    connected = await Client.connect(kubeconfig)
    yield connected
    await connected.close()


@pytest.fixture
def gateway() -> str:
    """A gateway's name of the test's own."""
    return f"fleet-{secrets.token_hex(4)}"


async def until(look: Callable[[], Any], patience: float = 20) -> Any:
    """Wait for something to be true."""
    for _ in range(int(patience / 0.05)):
        if seen := look():
            return seen
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {patience} s")


async def test_it_knows_what_was_there_and_hears_what_comes_and_goes(
    client: Client, gateway: str, namespace: str
) -> None:
    early = await create(client, manifest(namespace, gateway))
    async with watching(client, gateway) as fleet:
        assert [pod.uid for pod in fleet] == [early["metadata"]["uid"]]
        heard: list[tuple[KernelPod, KernelPod | None]] = []
        fleet.subscribe(lambda before, after: heard.append((before, after)))
        late = await create(client, manifest(namespace, gateway))
        found = await until(lambda: fleet.get(namespace, late["metadata"]["name"]))
        assert found.user == "Alice A."
        assert found.kernel_id == "some-id"
        assert not found.running
        await delete(client, early)
        await until(lambda: fleet.get(namespace, early["metadata"]["name"]) is None)
        assert heard[-1][0].uid == early["metadata"]["uid"]
        assert heard[-1][1] is None
        await delete(client, late)


async def test_other_gateways_and_other_namespaces_are_not_seen(
    client: Client, gateway: str, namespace: str
) -> None:
    mine = await create(client, manifest(namespace, gateway))
    others = await create(client, manifest(namespace, f"{gateway}-2"))
    async with watching(client, gateway, namespace) as fleet:
        assert [pod.name for pod in fleet] == [mine["metadata"]["name"]]
    async with watching(client, gateway, "default") as fleet:
        assert len(fleet) == 0
    await delete(client, mine)
    await delete(client, others)


async def test_waiting_ends_with_the_change_that_was_waited_for(
    client: Client, gateway: str, namespace: str
) -> None:
    async with watching(client, gateway) as fleet:
        pod = await create(client, manifest(namespace, gateway))
        name = pod["metadata"]["name"]
        fleet.observe(pod)
        unschedulable = await asyncio.wait_for(
            fleet.wait(namespace, name, lambda seen: seen is not None and bool(seen.trouble)), 20
        )
        assert unschedulable is not None
        assert unschedulable.trouble is not None
        assert "No node can take the kernel yet" in unschedulable.trouble.sentence
        gone = asyncio.ensure_future(fleet.wait(namespace, name, lambda seen: seen is None))
        await delete(client, pod)
        assert await asyncio.wait_for(gone, 20) is None


async def test_an_old_view_does_not_replace_a_newer_one(
    client: Client, gateway: str, namespace: str
) -> None:
    async with watching(client, gateway) as fleet:
        pod = await create(client, manifest(namespace, gateway))
        name = pod["metadata"]["name"]
        fleet.observe(pod)
        newer = await fleet.wait(namespace, name, lambda seen: bool(seen and seen.trouble))
        assert fleet.observe(pod) == newer
        await delete(client, pod)
        await until(lambda: fleet.get(namespace, name) is None)
        fleet.observe(pod)
        assert fleet.get(namespace, name) is None


def redirected(kubeconfig: str) -> tuple[dict[str, Any], str, int]:
    """A kubeconfig to fill in another port, and the server that it leads to."""
    config = yaml.safe_load(Path(kubeconfig).read_text())
    server = urlsplit(config["clusters"][0]["cluster"]["server"])
    return config, str(server.hostname), server.port or 443


class CountingLists(Client):
    """Counts what is not a watch."""

    lists = 0

    async def request(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        self.lists += 1
        return await super().request(method, path, **kwargs)


@asynccontextmanager
async def through_a_wire(
    kubeconfig: str, folder: Path
) -> AsyncIterator[tuple[CountingLists, Proxy]]:
    """A client whose connection can be cut; TLS goes through it untouched."""
    config, host, port = redirected(kubeconfig)
    wire = Proxy(port, host)
    cluster = config["clusters"][0]["cluster"]
    cluster["server"] = f"https://127.0.0.1:{wire.port}"
    cluster["tls-server-name"] = host
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    client = await CountingLists.connect(str(path))
    assert isinstance(client, CountingLists)
    try:
        yield client, wire
    finally:
        await client.close()
        wire.close()


async def test_a_broken_connection_is_resumed_without_listing_again(
    client: Client, kubeconfig: str, tmp_path: Path, gateway: str, namespace: str
) -> None:
    kept = await create(client, manifest(namespace, gateway))
    async with (
        through_a_wire(kubeconfig, tmp_path) as (fragile, wire),
        watching(fragile, gateway) as fleet,
    ):
        await until(lambda: fleet.stale_since is None)
        wire.refuse()
        await until(lambda: fleet.stale_since is not None)
        missed = await create(client, manifest(namespace, gateway))
        await delete(client, kept)
        wire.accept()
        await until(lambda: fleet.get(namespace, missed["metadata"]["name"]))
        await until(lambda: fleet.get(namespace, kept["metadata"]["name"]) is None)
        assert fleet.stale_since is None
        # What was asked since are watches, each of them one try to come back.
        assert fragile.lists == 1
        await delete(client, missed)


class Forgetful(Client):
    """Its first watch ends as one does whose version the server has forgotten."""

    forgot = False

    async def stream(
        self, path: str, query: Mapping[str, str], silence: float, on_open: Callable[[], None]
    ) -> AsyncIterator[dict[str, Any]]:
        if not self.forgot:
            self.forgot = True
            raise ApiError(410, "Expired", "too old resource version")
        async for event in super().stream(path, query, silence, on_open):
            yield event


async def test_a_forgotten_version_is_answered_by_listing_again(
    client: Client, kubeconfig: str, gateway: str, namespace: str
) -> None:
    forgetful = await Forgetful.connect(kubeconfig)
    async with watching(forgetful, gateway) as fleet:
        pod = await create(client, manifest(namespace, gateway))
        await until(lambda: fleet.get(namespace, pod["metadata"]["name"]))
        # A list, then the forgotten watch (which was not sent), a list, and a watch.
        assert forgetful.forgot
        assert forgetful.requests == 3
        await delete(client, pod)
        await until(lambda: len(fleet) == 0)
    await forgetful.close()


async def test_a_cluster_that_does_not_answer_is_said_and_waited_for(
    kubeconfig: str, tmp_path: Path, gateway: str
) -> None:
    async with through_a_wire(kubeconfig, tmp_path) as (fragile, wire):
        wire.refuse()
        fleet = Fleet(fragile, gateway, None, LOG)
        with pytest.raises(ClusterUnreachable, match="does not answer"):
            await fleet.start(0.5)
        assert fleet.stale_since is not None
        wire.accept()
        await fleet.start(20)
        await until(lambda: fleet.stale_since is None)
        await fleet.stop()
