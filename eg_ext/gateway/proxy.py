"""The process proxy that kernelspecs name: a pick becomes a pod.

It is a :class:`KubernetesProcessProxy` to Enterprise Gateway, whose kernel
manager calls most of its methods synchronously from coroutines. So nothing here
waits except :meth:`launch_process`: questions are answered from the fleet, and
deletions are begun, not awaited. Of the parent's own machinery (the launcher's
subprocess, the response listener with its key pair, the polling) nothing is used.
"""

from __future__ import annotations

import secrets
import signal
from collections.abc import Callable
from typing import Any

from enterprise_gateway.services.processproxies.processproxy import BaseProcessProxyABC
from jupyter_client.kernelspec import NoSuchKernel
from tornado import web

from ..catalog import CatalogError, KernelRequest, Kernelspec, Plan, Refusal, resolve
from ..cluster import ClusterError, KernelPod
from ..pods import Launch, connection_info, pod_name, termination_grace
from .errors import http_error, no_user
from .kernelspecs import ProfileKernelSpecManager
from .profiles import KernelProfiles, profiles_of
from .stock import KubernetesProcessProxy

__all__ = ["ProfileProcessProxy"]

_PORTS = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")


class ProfileProcessProxy(KubernetesProcessProxy):
    """Runs a kernel in the pod that a profile of the catalog describes.

    A kernelspec names it in ``metadata.process_proxy.class_name`` as
    ``eg_ext.ProfileProcessProxy``; ``metadata.process_proxy.config`` gives
    ``image_name`` and, where the kernelspec stands for one profile, ``profile``.
    """

    def __init__(self, kernel_manager: Any, proxy_config: dict[str, Any]) -> None:
        # Not the parents' own: those open the response listener, make its key
        # pair and slow the event loop down from then on.
        BaseProcessProxyABC.__init__(self, kernel_manager, proxy_config)
        self.kernel_pod_name: str | None = None
        self.kernel_namespace: str | None = None
        self.delete_kernel_namespace = False
        self.container_name: str | None = ""
        self.assigned_ip: str | None = None
        self.assigned_host = ""
        self.assigned_node_ip: str | None = None
        self.response_socket = None
        self.start_time = None
        self.comm_ip = None
        self.comm_port = 0
        self.tunneled_connect_info = None
        self.tunnel_processes: dict[str, Any] = {}
        # Any value: with it the kernel manager leaves the ports and the
        # connection file to us.
        kernel_manager.response_address = "none"
        self.plan: Plan | None = None
        """What the kernel was started as."""
        self.end_reason: str | None = None
        """Why the kernel ended, once it has."""
        self._stopping = False
        self._on_end: Callable[[], None] | None = None
        self._unsubscribe: Callable[[], None] | None = None

    @property
    def profiles(self) -> KernelProfiles:
        """The gateway's profiles and cluster."""
        mapping_manager = self.kernel_manager.parent
        return profiles_of(getattr(mapping_manager, "parent", None) or mapping_manager)

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call back once when the kernel has ended without being asked to."""
        self._on_end = callback

    async def launch_process(self, kernel_cmd: Any, **kwargs: Any) -> ProfileProcessProxy:
        """Start the kernel's pod and return when the kernel accepts connections.

        Args:
            kernel_cmd: ignored: its paths are the gateway's, not the image's.
            **kwargs: ``env`` of the request, of which only ``KERNEL_USERNAME`` is used.

        Raises:
            HTTPError: refused or failed, with a sentence for the user.
        """
        env: dict[str, str] = kwargs.get("env") or {}
        user = env.get("KERNEL_USERNAME", "")
        if not user:
            raise no_user()
        self._enforce_authorization(**kwargs)
        try:
            profiles = await self.profiles.connected()
            request = KernelRequest(
                user=user, kernelspec=self._kernelspec(), profile=self.proxy_config.get("profile")
            )
            plan = resolve(profiles.catalog, request)
            launch = Launch(
                kernel_id=self.kernel_id,
                pod_name=pod_name(plan, secrets.token_hex(4)),
                gateway=profiles.gateway_name,
            )
            connection = connection_info(
                self.kernel_manager.session.key.decode(), self.kernel_manager.kernel_name
            )
            running = await profiles.starter.start(plan, launch, connection)
        except NoSuchKernel as error:
            raise web.HTTPError(404, f"The kernelspec {error.name!r} is gone.") from error
        except (Refusal, ClusterError, CatalogError) as error:
            self.log.warning("Kernel %s of %s: %s", self.kernel_id, user, error)
            raise http_error(error) from error
        self.plan = plan
        # Else jupyter_client ends it by force after 5 s, whatever its profile says.
        self.kernel_manager.shutdown_wait_time = termination_grace(plan) + 1
        self._adopt(running.pod)
        self._connect(dict(running.connection))
        self.log.info(
            "Kernel %s of %s runs in pod %s/%s on %s.",
            self.kernel_id,
            user,
            running.pod.namespace,
            running.pod.name,
            running.pod.node,
        )
        return self

    def poll(self) -> Any:
        """None while the kernel runs, False once it has ended."""
        if self.kernel_namespace is None or self.kernel_pod_name is None:
            return False
        pod = self.profiles.fleet.get(self.kernel_namespace, self.kernel_pod_name)
        return False if pod is None or pod.ended else None

    def wait(self) -> None:
        """Nothing to reap: the pod is not our child."""

    def send_signal(self, signum: int) -> Any:
        """Signal 0 asks, SIGKILL and SIGTERM stop the pod, any other interrupts the kernel."""
        if signum == 0:
            return self.poll()
        if signum == signal.SIGKILL:
            return self.kill()
        if signum == signal.SIGTERM:
            return self.terminate()
        manager = self.kernel_manager
        manager._connect_control_socket()
        manager.session.send(manager._control_socket, "interrupt_request", content={})
        return None

    def terminate(self) -> None:
        """Begin to stop the kernel politely."""
        self._stop(now=False)

    def kill(self) -> None:
        """Begin to stop the kernel at once."""
        self._stop(now=True)

    def shutdown_listener(self) -> None:
        """The manager has asked the kernel to shut down: the pod ends with it."""
        self._stop(now=False)

    def terminate_container_resources(self) -> None:
        """Begin to stop the kernel politely."""
        self._stop(now=False)

    def get_container_status(self, iteration: int | None) -> str:
        """The pod's phase in lower case; empty if there is no pod."""
        if self.kernel_namespace is None or self.kernel_pod_name is None:
            return ""
        pod = self.profiles.fleet.get(self.kernel_namespace, self.kernel_pod_name)
        return pod.phase.lower() if pod is not None else ""

    def cleanup(self) -> None:
        """The kernel is gone as far as the manager is concerned: so is its pod."""
        self._stop(now=False)
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def _kernelspec(self) -> Kernelspec:
        manager = self.kernel_manager
        specs = manager.kernel_spec_manager
        if isinstance(specs, ProfileKernelSpecManager):
            return specs.base(manager.kernel_name)
        return Kernelspec.from_kernel_json(manager.kernel_name, manager.kernel_spec.to_dict())

    def _adopt(self, pod: KernelPod) -> None:
        self.kernel_namespace, self.kernel_pod_name = pod.key
        self.container_name = self.assigned_host = pod.name
        self.assigned_ip = pod.ip
        self._unsubscribe = self.profiles.fleet.subscribe(self._pod_changed)

    def _connect(self, connection: dict[str, Any]) -> None:
        manager = self.kernel_manager
        for port in _PORTS:
            setattr(manager, port, 0)  # only a port that is 0 is taken over
        manager.load_connection_info(connection)
        manager._connection_file_written = True

    def _pod_changed(self, before: KernelPod, after: KernelPod | None) -> None:
        if before.key != (self.kernel_namespace, self.kernel_pod_name):
            return
        if after is not None and not after.ended:
            return
        last = after or before
        if self.end_reason is None:
            self.end_reason = (
                last.trouble.sentence if last.trouble else "The kernel's pod was deleted."
            )
            if not self._stopping:
                self.log.warning("Kernel %s ended: %s", self.kernel_id, self.end_reason)
                if self._on_end is not None:
                    self._on_end()

    def _stop(self, now: bool) -> None:
        if self.kernel_namespace is None or self.kernel_pod_name is None:
            return
        pod = self.profiles.fleet.get(self.kernel_namespace, self.kernel_pod_name)
        if pod is None or (self._stopping and not now):
            return
        self._stopping = True
        self.profiles.starter.stop_soon(*pod.key, now=now)
