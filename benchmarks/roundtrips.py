"""A cell's round trip: from sending an execute request to having its reply."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field

from jupyter_client.blocking import BlockingKernelClient
from kubernetes import client, config

from tests.support.channels import Channels
from tests.support.gateways import RunningGateway

from .starts import NAMESPACE


@dataclass
class Trips:
    """Seconds of each round trip."""

    gateway: list[float] = field(default_factory=list)
    direct: list[float] = field(default_factory=list)


def measure(gateway: RunningGateway, kubeconfig: str, rounds: int) -> Trips:
    """The same kernel over the gateway's websocket and straight over ZMQ, in turns."""
    kernel = gateway.start("python-bench", "bench")
    straight = _connect(kubeconfig, kernel["id"])
    trips = Trips()
    with Channels(gateway, kernel["id"]) as channels:
        channels.execute("1")
        for _ in range(rounds):
            begin = time.perf_counter()
            sent = channels.request_execution("1")
            channels.until(
                lambda message, sent=sent: (
                    message["msg_type"] == "execute_reply"
                    and message["parent_header"]["msg_id"] == sent
                )
            )
            trips.gateway.append(time.perf_counter() - begin)
            time.sleep(0.01)
            begin = time.perf_counter()
            straight.execute("1")
            straight.get_shell_msg(timeout=30)
            trips.direct.append(time.perf_counter() - begin)
            time.sleep(0.01)
    straight.stop_channels()
    gateway.delete(kernel["id"])
    return trips


def _connect(kubeconfig: str, kernel_id: str) -> BlockingKernelClient:
    core = client.CoreV1Api(config.new_client_from_config(kubeconfig))
    pod = core.list_namespaced_pod(NAMESPACE, label_selector=f"kernel_id={kernel_id}").items[0]
    secret = core.read_namespaced_secret(pod.metadata.name, NAMESPACE)
    connection = json.loads(base64.b64decode(secret.data["connection"]))
    straight = BlockingKernelClient()
    straight.load_connection_info({**connection, "ip": pod.status.pod_ip})
    straight.start_channels()
    straight.wait_for_ready(timeout=30)
    return straight
