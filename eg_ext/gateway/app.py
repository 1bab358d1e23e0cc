"""``eg-ext serve``: Enterprise Gateway with kernel profiles."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from enterprise_gateway.enterprisegatewayapp import EnterpriseGatewayApp
from enterprise_gateway.enterprisegatewayapp import aliases as stock_aliases
from traitlets import default

from .. import __version__
from ..catalog import CatalogError
from ..cluster import ClusterError
from .handlers import replace_handlers
from .kernelspecs import PROXY_CLASS, ProfileKernelSpecManager
from .managers import ProfileMappingKernelManager
from .profiles import KernelProfiles, profiles_of

__all__ = ["ProfileGateway", "main"]

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ProfileGateway(EnterpriseGatewayApp):
    """Serves kernels of the profiles in a catalog, each in a pod of its own.

    It reads Enterprise Gateway's configuration files and options, and adds
    those of :class:`KernelProfiles`.
    """

    description = f"""
        eg-ext {__version__}: Jupyter Enterprise Gateway with kernel profiles on Kubernetes.

        Runs each kernel in a pod that a profile of the catalog describes.
    """
    examples = """
        eg-ext serve --catalog=catalog.yaml --ip=0.0.0.0 --port=8888
    """

    classes: ClassVar = [KernelProfiles, ProfileKernelSpecManager, ProfileMappingKernelManager]

    aliases = {  # noqa: RUF012 - traitlets' own way
        **stock_aliases,
        "catalog": "KernelProfiles.catalog_file",
        "kubeconfig": "KernelProfiles.kubeconfig",
        "context": "KernelProfiles.context",
        "gateway-name": "KernelProfiles.gateway_name",
    }

    @default("list_kernels")
    def _list_kernels_default(self) -> bool:
        # Jupyter Server asks for the list to know whether its kernels still live.
        return True

    @default("kernel_manager_class")
    def _kernel_manager_class_default(self) -> type:
        return ProfileMappingKernelManager

    @default("kernel_spec_manager_class")
    def _kernel_spec_manager_class_default(self) -> type:
        return ProfileKernelSpecManager

    def initialize(self, argv: list[str] | None = None) -> None:
        """Read the configuration and the catalog, and listen."""
        super().initialize(argv)
        if not self.default_kernel_name and isinstance(
            self.kernel_spec_manager, ProfileKernelSpecManager
        ):
            self.kernel_manager.default_kernel_name = self.kernel_spec_manager.default_name() or ""
            if not self.kernel_manager.default_kernel_name:
                self.log.warning(
                    "No kernelspec names %s, so no kernel is offered: "
                    "run 'eg-ext kernelspecs install'.",
                    PROXY_CLASS,
                )
        if not self.auth_token and self.ip not in LOOPBACK:
            self.log.warning(
                "Whoever reaches %s:%s can start kernels as anybody: set EG_AUTH_TOKEN.",
                self.ip,
                self.port,
            )

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Read the options; anything else on the command line is a mistake."""
        super().parse_command_line(argv)
        if self.extra_args:
            self.log.critical(
                "eg-ext serve takes options only, not %s: the catalog is named by --catalog=FILE.",
                " ".join(self.extra_args),
            )
            self.exit(2)

    def init_configurables(self) -> None:
        """Make the managers; a broken catalog ends the gateway here, with all it has wrong."""
        try:
            profiles = profiles_of(self).catalog.profiles
        except CatalogError as error:
            self.log.critical("The catalog cannot be used:\n%s", error)
            self.exit(1)
        self.log.info("Profiles: %s", ", ".join(profile.slug for profile in profiles))
        super().init_configurables()

    def start(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        asyncio.get_event_loop().create_task(self._connect())
        super().start()

    def shutdown(self) -> None:
        """Stop all kernels, as Enterprise Gateway does, but all at once."""
        self.log.info("Stopping all kernels.")
        self.http_server.stop()
        asyncio.get_event_loop().run_until_complete(self._stop_all())

    async def _stop_all(self) -> None:
        await self.kernel_manager.stop_all()
        await profiles_of(self).close()

    async def _connect(self) -> None:
        try:
            profiles = await profiles_of(self).connected()
        except ClusterError as error:
            self.log.error("Kernels cannot be started yet: %s", error)
            return
        self.log.info("Connected to the cluster.")
        if len(profiles.fleet):
            self.log.warning(
                "Pods of an earlier gateway named %r still run: %s",
                profiles.gateway_name,
                ", ".join(f"{pod.namespace}/{pod.name}" for pod in profiles.fleet),
            )

    def _create_request_handlers(self) -> list[tuple[Any, ...]]:
        return replace_handlers(super()._create_request_handlers())


def main(argv: list[str] | None = None) -> None:
    """Run the gateway."""
    ProfileGateway.launch_instance(argv)
