"""How long until a kernel accepts connections: through the gateway, and a bare pod.

The bare pod runs the same kernel from the same image with the same resources on
the same node, with fixed ports on its command line: nothing but Kubernetes and
ipykernel. Both are timed from the request's sending; the bare pod until its
shell port accepts, the gateway until it has answered 201 (which it does when
the shell port accepts).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from eg_ext.cluster import Client, Fleet, until_listening
from eg_ext.pods import PORTS, labels
from tests.support.gateways import RunningGateway

NAMESPACE = "bench-kernels"


@dataclass
class Starts:
    """Seconds of each start."""

    gateway: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


class BarePods:
    """Starts bare kernel pods, from an event loop in a thread of its own."""

    def __init__(self, kubeconfig: str, image: str) -> None:
        self._image = image
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._connect(kubeconfig))

    def start(self, count: int) -> float:
        """Seconds until `count` kernels that were created at once all listen."""
        return float(self._run(self._start_all(count)))

    def close(self) -> None:
        """Disconnect."""
        self._run(self._disconnect())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    async def _connect(self, kubeconfig: str) -> None:
        self._client = await Client.connect(kubeconfig)
        self._fleet = Fleet(self._client, "bench-bare", NAMESPACE, logging.getLogger())
        await self._fleet.start(10)

    async def _disconnect(self) -> None:
        await self._fleet.stop()
        await self._client.close()

    async def _start_all(self, count: int) -> float:
        pods = [self._manifest() for _ in range(count)]
        begin = time.perf_counter()
        await asyncio.gather(*(self._start(pod) for pod in pods))
        seconds = time.perf_counter() - begin
        for pod in pods:
            path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod['metadata']['name']}"
            await self._client.request("DELETE", path, body={"gracePeriodSeconds": 0})
        return seconds

    async def _start(self, manifest: dict[str, Any]) -> None:
        path = f"/api/v1/namespaces/{NAMESPACE}/pods"
        self._fleet.observe(await self._client.request("POST", path, body=manifest))
        pod = await self._fleet.wait(
            NAMESPACE, manifest["metadata"]["name"], lambda seen: seen is None or seen.running
        )
        assert pod is not None, "a bare pod was deleted"
        await until_listening(str(pod.ip), PORTS["shell"])

    def _manifest(self) -> dict[str, Any]:
        arguments = [f"--{channel}={port}" for channel, port in PORTS.items()]
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"bare-{secrets.token_hex(4)}",
                "namespace": NAMESPACE,
                "labels": {
                    labels.MANAGED_BY: labels.MANAGER,
                    labels.COMPONENT: labels.COMPONENT_KERNEL,
                    labels.GATEWAY: "bench-bare",
                },
            },
            "spec": {
                "restartPolicy": "Never",
                "enableServiceLinks": False,
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 0,
                "nodeSelector": {"node.kubernetes.io/instance-type": "m6i.large"},
                "containers": [
                    {
                        "name": labels.CONTAINER,
                        "image": self._image,
                        "imagePullPolicy": "IfNotPresent",
                        "command": ["python", "-m", "ipykernel_launcher", "--ip=0.0.0.0"],
                        "args": arguments,
                        "resources": {"requests": {"cpu": "50m", "memory": "100Mi"}},
                    }
                ],
            },
        }


def alone(gateway: RunningGateway, kubeconfig: str, rounds: int) -> Starts:
    """One kernel at a time, in turns; the first round only warms up."""
    return _in_turns(gateway, kubeconfig, 1, rounds)


def together(gateway: RunningGateway, kubeconfig: str, count: int, rounds: int) -> Starts:
    """Several kernels at once, in turns: seconds until the last one listens."""
    return _in_turns(gateway, kubeconfig, count, rounds)


def _in_turns(gateway: RunningGateway, kubeconfig: str, count: int, rounds: int) -> Starts:
    spec = gateway.get("/api/kernelspecs/python-bench")["spec"]
    image = spec["metadata"]["process_proxy"]["config"]["image_name"]
    through_gateway(gateway, 1)  # makes the namespace
    bare = BarePods(kubeconfig, image)
    starts = Starts()
    for number in range(rounds + 1):
        ours = through_gateway(gateway, count)
        time.sleep(1)  # until what was stopped is gone
        theirs = bare.start(count)
        time.sleep(1)
        if number:
            starts.gateway.append(ours)
            starts.bare.append(theirs)
    bare.close()
    return starts


def through_gateway(gateway: RunningGateway, count: int) -> float:
    """Seconds until `count` kernels that were asked for at once are there."""
    with ThreadPoolExecutor(count) as pool:
        begin = time.perf_counter()
        kernels = list(pool.map(lambda _: gateway.start("python-bench", "bench"), range(count)))
        seconds = time.perf_counter() - begin
        list(pool.map(lambda kernel: gateway.delete(kernel["id"]), kernels))
    return seconds
