"""A kernel request resolved against the catalog: a complete plan, or a refusal."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .fields import CONTAINER, POD_SPEC
from .kernelspecs import Kernelspec
from .loading import Catalog
from .merging import merge, settle
from .model import Profile
from .problems import did_you_mean, nearest
from .resources import check_resources
from .slugs import username_slug
from .source import dotted
from .templates import expand


class Refusal(Exception):
    """A "no" with its HTTP ``status`` and a ``message`` that a data scientist understands."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class KernelRequest:
    """All that a client may say about the kernel that it wants.

    ``profile`` is a slug; None takes the catalog's default.
    """

    user: str
    kernelspec: Kernelspec
    profile: str | None = None
    groups: frozenset[str] = frozenset()
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What one kernel gets, complete: no catalog and no cluster is needed to read it.

    ``kernel`` and ``pod`` are the merged partial Container and PodSpec of kernelspec
    and profile; they may still hold ``null`` and ``$patch`` for the base that pods/
    lays them on.  They belong to this plan alone.  Timeouts are in seconds.
    """

    user: str
    profile: str
    profile_display_name: str
    kernelspec: str
    display_name: str
    language: str
    namespace: str
    argv: tuple[str, ...]
    interrupt: str
    kernel: Mapping[str, Any]
    pod: Mapping[str, Any]
    start_timeout: float
    idle_timeout: float | None


def resolve(catalog: Catalog, request: KernelRequest) -> Plan:
    """The plan for a request; the same input always gives the same plan.

    Raises :class:`Refusal`: 400 for a request that cannot be meant, 500 where
    kernelspec and profile contradict each other.
    """
    profile = _pick(catalog, request.profile)
    try:
        username = username_slug(request.user)
    except ValueError as error:
        raise Refusal(400, f"The name {request.user!r} cannot be a user's: {error}.") from error
    spec = request.kernelspec
    kernel = merge(_container_of(spec), profile.kernel, CONTAINER)
    pod = merge(spec.pod, profile.pod, POD_SPEC)
    _refuse_contradictions(kernel, spec, profile)
    return Plan(
        user=request.user,
        profile=profile.slug,
        profile_display_name=profile.display_name,
        kernelspec=spec.name,
        display_name=combined_display_name(spec.display_name, profile.display_name),
        language=spec.language,
        namespace=expand(catalog.namespace, {"username": username}),
        argv=spec.argv,
        interrupt=spec.interrupt,
        kernel=kernel,
        pod=pod,
        start_timeout=profile.start_timeout,
        idle_timeout=profile.idle_timeout,
    )


def combined_name(kernelspec: str, profile: str) -> str:
    """The name under which a kernelspec with a profile is offered: ``python-gpu``."""
    return f"{kernelspec}-{profile}"


def combined_display_name(kernelspec: str, profile: str) -> str:
    """What the launcher shows for a kernelspec with a profile: ``Python 3 · GPU``."""
    return f"{kernelspec} · {profile}"


def _pick(catalog: Catalog, slug: str | None) -> Profile:
    if slug is None:
        return catalog.default_profile
    profile = catalog.profile(slug)
    if profile is None:
        known = [each.slug for each in catalog.profiles]
        hint = did_you_mean(nearest(slug, known, count=3)) or f"There are: {', '.join(known)}."
        raise Refusal(400, f"There is no profile {slug!r}. {hint}")
    return profile


def _container_of(spec: Kernelspec) -> dict[str, Any]:
    """The kernelspec's layer: its image and environment below its partial Container."""
    env = [{"name": name, "value": literal(value)} for name, value in spec.env.items()]
    own = {"image": spec.image, **({"env": env} if env else {})}
    return merge(own, spec.kernel, CONTAINER)


def literal(text: str) -> str:
    """``text`` so that Kubernetes leaves it as it is.

    Kubernetes replaces ``$(NAME)`` in commands and environment values by the value of
    that variable; a name or an argument that only looks so must not read another's.
    """
    return text.replace("$", "$$")


def _refuse_contradictions(kernel: dict[str, Any], spec: Kernelspec, profile: Profile) -> None:
    """Each layer was right alone; together a request may be over a limit."""
    resources = copy.deepcopy(settle(kernel).get("resources") or {})
    for finding in check_resources(resources):
        raise Refusal(
            500,
            f"The kernelspec {spec.name!r} and the profile {profile.slug!r} contradict each "
            f"other (resources.{dotted(finding.path)}: {finding.message}). "
            "Pick another profile, and tell whoever runs this gateway.",
        )
