"""The kernelspecs that users see: every kernelspec with every profile.

The admin keeps one kernelspec per program and one profile per size; what the
launcher shows, ``python-gpu`` as "Python 3 · GPU", is made from both on demand.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from tornado import web
from traitlets import Bool, TraitError

from ..catalog import (
    Catalog,
    CatalogError,
    Kernelspec,
    Profile,
    combined_display_name,
    combined_name,
    did_you_mean,
    nearest,
)
from .errors import http_error
from .profiles import profiles_of

__all__ = ["PROXY_CLASS", "ProfileKernelSpecManager"]

PROXY_CLASS = "eg_ext.ProfileProcessProxy"


@dataclass(frozen=True)
class _Installed:
    """A kernelspec on disk."""

    name: str
    resource_dir: str
    spec: dict[str, Any]
    kernelspec: Kernelspec


@dataclass(frozen=True)
class _Offer:
    """One kernelspec with one profile."""

    installed: _Installed
    profile: Profile

    @property
    def name(self) -> str:
        return combined_name(self.installed.name, self.profile.slug)

    def spec(self) -> dict[str, Any]:
        """The offer's own kernel.json."""
        spec = copy.deepcopy(self.installed.spec)
        spec["display_name"] = combined_display_name(
            spec["display_name"], self.profile.display_name
        )
        config = spec["metadata"]["process_proxy"].setdefault("config", {})
        config["profile"] = self.profile.slug
        return spec


class ProfileKernelSpecManager(KernelSpecManager):
    """Offers profile × kernelspec for every installed kernelspec that names our proxy.

    Kernelspecs of other kinds are not offered: they would run inside the gateway.
    The plain name of a kernelspec means it with the default profile.
    """

    ensure_native_kernel = Bool(False, config=True, help="Offer the gateway's own Python.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._read: dict[tuple[str, str, int], _Installed | None] = {}
        """What was read, by name, directory and time of change; None: not offered."""

    def find_kernel_specs(self) -> dict[str, str]:
        """Names and resource directories of all offers."""
        return {offer.name: offer.installed.resource_dir for offer in self._offers()}

    def get_all_specs(self) -> dict[str, Any]:
        """All offers as the REST API shows them."""
        return {
            offer.name: {"resource_dir": offer.installed.resource_dir, "spec": offer.spec()}
            for offer in self._offers()
        }

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """One offer by name.

        Raises:
            NoSuchKernel: there is none of that name.
        """
        offer = self._find(kernel_name)
        return KernelSpec(resource_dir=offer.installed.resource_dir, **offer.spec())

    def base(self, kernel_name: str) -> Kernelspec:
        """The kernelspec that an offer was made from.

        Raises:
            NoSuchKernel: there is no such offer.
        """
        return self._find(kernel_name).installed.kernelspec

    def full_name(self, kernel_name: str) -> str:
        """The name of an offer, with its profile: ``python`` becomes ``python-small``.

        Raises:
            NoSuchKernel: there is no such offer.
        """
        return self._find(kernel_name).name

    def default_name(self) -> str | None:
        """The first kernelspec with the default profile, or None if nothing is installed."""
        names = sorted(installed.name for installed in self._installed())
        return combined_name(names[0], self._catalog.default_profile.slug) if names else None

    def no_such_kernel(self, kernel_name: str) -> web.HTTPError:
        """The answer to a request for a kernel that is not offered."""
        names = sorted(offer.name for offer in self._offers())
        if not kernel_name:
            return web.HTTPError(400, f"No kernel was named. There are: {', '.join(names)}.")
        if not names:
            hint = "No kernelspecs are installed: run 'eg-ext kernelspecs install'."
        else:
            near = did_you_mean(nearest(kernel_name, names, count=3))
            hint = near or f"There are: {', '.join(names)}."
        return web.HTTPError(404, f"There is no kernel named {kernel_name!r}. {hint}")

    @property
    def _catalog(self) -> Catalog:
        try:
            return profiles_of(self.parent).catalog
        except CatalogError as error:
            raise http_error(error) from error

    def _find(self, kernel_name: str) -> _Offer:
        default = self._catalog.default_profile
        plain = None
        for offer in self._offers():
            if offer.name == kernel_name:
                return offer
            if offer.installed.name == kernel_name and offer.profile is default:
                plain = offer
        if plain is None:
            raise NoSuchKernel(kernel_name)
        return plain

    def _offers(self) -> Iterator[_Offer]:
        profiles = self._catalog.profiles
        offered = set()
        for installed in self._installed():
            for profile in profiles:
                offer = _Offer(installed, profile)
                # "python" with "gpu-small" and "python-gpu" with "small" have the same name.
                if offer.name not in offered:
                    offered.add(offer.name)
                    yield offer

    def _installed(self) -> Iterator[_Installed]:
        """The kernelspecs on disk that name our proxy and are right."""
        for name, directory in super().find_kernel_specs().items():
            try:
                changed = Path(directory, "kernel.json").stat().st_mtime_ns
            except OSError:
                continue
            key = (name, directory, changed)
            if key not in self._read:
                self._read[key] = self._inspect(name, directory)
            installed = self._read[key]
            if installed is not None:
                yield installed

    def _inspect(self, name: str, directory: str) -> _Installed | None:
        """Read a kernelspec; say once why it is not offered."""
        try:
            spec = KernelSpec.from_resource_dir(directory).to_dict()
            proxy = spec["metadata"].get("process_proxy") or {}
            if proxy.get("class_name") != PROXY_CLASS:
                self.log.info("Kernelspec %s does not name %s: not offered.", name, PROXY_CLASS)
                return None
            kernelspec = Kernelspec.from_kernel_json(name, spec)
        except (OSError, ValueError, TypeError, AttributeError, TraitError, CatalogError) as error:
            self.log.error("Kernelspec %s in %s is not offered: %s", name, directory, error)
            return None
        return _Installed(name, directory, spec, kernelspec)
