"""What a partial Container or PodSpec must leave alone, and why.

The launcher inside the container, its fixed ports and the way in which the gateway
learns of a kernel's end rest on these fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .findings import Finding

KERNEL_CONTAINER = "kernel"
RESERVED_ENV = ("KERNEL_ID", "KERNEL_USERNAME", "KERNEL_LANGUAGE", "KERNEL_NAMESPACE")
RESERVED_ENV_PREFIX = "EG_EXT_"

_IN_CONTAINER = {
    "name": f"the kernel's container is always called {KERNEL_CONTAINER!r}",
    "command": "the container runs the launcher with the kernelspec's argv",
    "args": "the container runs the launcher with the kernelspec's argv",
    "terminationMessagePath": "the launcher writes there why a kernel ended",
    "terminationMessagePolicy": "the launcher's own words say why a kernel ended",
    "restartPolicy": "a kernel that ended is started again by the gateway, in a new pod",
    "restartPolicyRules": "a kernel that ended is started again by the gateway, in a new pod",
}
_IN_POD = {
    "restartPolicy": "a kernel that ended is started again by the gateway, in a new pod",
    "ephemeralContainers": "Kubernetes takes them only for pods that run already",
    "hostNetwork": "kernels listen on fixed ports, so that two on one node would collide",
}


def check_reserved(partial: Mapping[str, Any], block: str) -> Iterator[Finding]:
    """The reserved fields that ``partial`` sets; ``block`` is ``kernel`` or ``pod``."""
    reserved = _IN_CONTAINER if block == "kernel" else _IN_POD
    for field, reason in reserved.items():
        if field in partial:
            yield Finding((field,), f"cannot be set here: {reason}", at_key=True)
    if block == "kernel":
        yield from _check_env(partial.get("env"))
    else:
        yield from _check_containers(partial)


def _check_env(env: Any) -> Iterator[Finding]:
    for index, each in enumerate(env if isinstance(env, list) else []):
        name = each.get("name") if isinstance(each, Mapping) else None
        if isinstance(name, str) and is_reserved_env(name):
            message = f"{name} is set by eg-ext itself, for each kernel"
            yield Finding(("env", index, "name"), message)


def is_reserved_env(name: str) -> bool:
    """Whether an environment variable belongs to eg-ext."""
    return name in RESERVED_ENV or name.startswith(RESERVED_ENV_PREFIX)


def _check_containers(pod: Mapping[str, Any]) -> Iterator[Finding]:
    for field in ("containers", "initContainers"):
        containers = pod.get(field)
        for index, each in enumerate(containers if isinstance(containers, list) else []):
            if isinstance(each, Mapping) and each.get("name") == KERNEL_CONTAINER:
                hint = "Write what it gets below 'kernel:'."
                yield Finding((field, index, "name"), "this is the kernel's own container", hint)
