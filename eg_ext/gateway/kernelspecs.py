"""The kernelspecs that users see: every kernelspec with every profile.

The admin keeps one kernelspec per program and one profile per size; what the
launcher shows, ``python-gpu`` as "Python 3 · GPU", is made from both on demand.
"""

from __future__ import annotations

import copy
import difflib
from typing import Any, NamedTuple

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from tornado import web
from traitlets import Bool

from ..catalog import Catalog, CatalogError, Profile, combined_display_name, combined_name
from .errors import http_error
from .profiles import profiles_of

__all__ = ["PROXY_CLASS", "ProfileKernelSpecManager"]

PROXY_CLASS = "eg_ext.ProfileProcessProxy"


class _Offer(NamedTuple):
    """One kernelspec with one profile."""

    resource_dir: str
    spec: dict[str, Any]
    base_name: str
    base: dict[str, Any]


class ProfileKernelSpecManager(KernelSpecManager):
    """Offers profile × kernelspec for every installed kernelspec that names our proxy.

    Kernelspecs of other kinds are not offered: they would run inside the gateway.
    The plain name of a kernelspec means it with the default profile.
    """

    ensure_native_kernel = Bool(False, config=True, help="Offer the gateway's own Python.")

    def find_kernel_specs(self) -> dict[str, str]:
        """Names and resource directories of all offers."""
        return {name: offer.resource_dir for name, offer in self._offers().items()}

    def get_all_specs(self) -> dict[str, Any]:
        """All offers as the REST API shows them."""
        return {
            name: {"resource_dir": offer.resource_dir, "spec": offer.spec}
            for name, offer in self._offers().items()
        }

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """One offer by name.

        Raises:
            NoSuchKernel: there is none of that name.
        """
        offer = self._find(kernel_name)
        return KernelSpec(resource_dir=offer.resource_dir, **offer.spec)

    def base(self, kernel_name: str) -> tuple[str, dict[str, Any]]:
        """Name and kernel.json of the kernelspec that an offer was made from.

        Raises:
            NoSuchKernel: there is no such offer.
        """
        offer = self._find(kernel_name)
        return offer.base_name, offer.base

    def full_name(self, kernel_name: str) -> str:
        """The name of an offer, with its profile: ``python`` becomes ``python-small``.

        Raises:
            NoSuchKernel: there is no such offer.
        """
        offers = self._offers()
        for name in (kernel_name, self._with_default_profile(kernel_name)):
            if name in offers:
                return name
        raise NoSuchKernel(kernel_name)

    def default_name(self) -> str | None:
        """The first kernelspec with the default profile, or None if nothing is installed."""
        for name in sorted(self._installed()):
            return self._with_default_profile(name)
        return None

    def no_such_kernel(self, kernel_name: str) -> web.HTTPError:
        """The answer to a request for a kernel that is not offered."""
        names = sorted(self._offers())
        if not names:
            hint = "No kernelspecs are installed: run 'eg-ext kernelspecs install'."
        else:
            near = difflib.get_close_matches(kernel_name, names, n=3)
            hint = f"Did you mean {', '.join(near)}?" if near else f"There are: {', '.join(names)}."
        return web.HTTPError(404, f"There is no kernel named {kernel_name!r}. {hint}")

    @property
    def _catalog(self) -> Catalog:
        try:
            return profiles_of(self.parent).catalog
        except CatalogError as error:
            raise http_error(error) from error

    def _find(self, kernel_name: str) -> _Offer:
        return self._offers()[self.full_name(kernel_name)]

    def _with_default_profile(self, kernel_name: str) -> str:
        return combined_name(kernel_name, self._catalog.default_profile.slug)

    def _installed(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """The kernelspecs on disk that name our proxy."""
        found = {}
        for name, directory in super().find_kernel_specs().items():
            try:
                spec = KernelSpec.from_resource_dir(directory).to_dict()
                proxy = spec["metadata"].get("process_proxy") or {}
                ours = proxy.get("class_name") == PROXY_CLASS
            except (OSError, ValueError, AttributeError) as error:
                self.log.error("Kernelspec %s in %s is unreadable: %s", name, directory, error)
                continue
            if ours:
                found[name] = (directory, spec)
            else:
                self.log.debug("Kernelspec %s does not name %s: not offered", name, PROXY_CLASS)
        return found

    def _offers(self) -> dict[str, _Offer]:
        profiles = self._catalog.profiles
        return {
            combined_name(name, profile.slug): _Offer(
                directory, _combine(spec, profile), name, spec
            )
            for name, (directory, spec) in self._installed().items()
            for profile in profiles
        }


def _combine(spec: dict[str, Any], profile: Profile) -> dict[str, Any]:
    combined = copy.deepcopy(spec)
    combined["display_name"] = combined_display_name(spec["display_name"], profile.display_name)
    config = combined["metadata"]["process_proxy"].setdefault("config", {})
    config["profile"] = profile.slug
    return combined
