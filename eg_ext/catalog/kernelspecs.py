"""A kernelspec as the catalog needs it: which program runs, in which image."""

from __future__ import annotations

import copy
import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .complaints import type_name
from .findings import Finding
from .partials import check_partial
from .problems import CatalogError, Problem, did_you_mean, nearest
from .reserved import is_reserved_env
from .source import dotted

CONNECTION_FILE = "{connection_file}"
DEFAULT_INTERRUPT = "SIGINT"
MESSAGE_INTERRUPT = "message"

_CONFIG = ("metadata", "process_proxy", "config")
_OWN_KEYS = ("image_name", "interrupt", "kernel", "pod", "profile", "kernelspec", "catalog")
# Enterprise Gateway's own keys, which it honours itself.
_CONFIG_KEYS = (*_OWN_KEYS, "authorized_users", "unauthorized_users")
_PLACEHOLDER = re.compile(r"\{[A-Za-z0-9_]+\}")
# SIGKILL and SIGSTOP cannot be handled by any kernel, so that they interrupt nothing.
_INTERRUPTS = (MESSAGE_INTERRUPT, *sorted(
    each.name for each in signal.Signals if each.name not in ("SIGKILL", "SIGSTOP")
))  # fmt: skip


@dataclass(frozen=True)
class Kernelspec:
    """Which program runs.

    ``env`` is kernel.json's own; ``kernel`` and ``pod`` are the partial Container and
    PodSpec of its process proxy's configuration.  ``interrupt`` is a signal's name, or
    ``message`` for a kernel that answers ``interrupt_request`` itself.
    """

    name: str
    display_name: str
    language: str
    argv: tuple[str, ...]
    image: str
    env: Mapping[str, str] = field(default_factory=dict)
    interrupt: str = DEFAULT_INTERRUPT
    kernel: Mapping[str, Any] = field(default_factory=dict)
    pod: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_kernel_json(cls, name: str, content: Mapping[str, Any]) -> Kernelspec:
        """Read what kernel.json says; ``name`` is the name of its directory.

        Raises :class:`CatalogError` with all that is wrong in it.
        """
        findings = list(_check(content))
        if findings:
            raise CatalogError(
                Problem(f"kernelspec {name}", 0, 0, f"{dotted(f.path)}: {f.message}", f.hint)
                for f in findings
            )
        config = _config(content)
        return cls(
            name=name,
            display_name=content.get("display_name") or name,
            language=content.get("language") or "",
            argv=tuple(content["argv"]),
            image=config["image_name"],
            env=dict(content.get("env") or {}),
            interrupt=config.get("interrupt") or DEFAULT_INTERRUPT,
            kernel=copy.deepcopy(dict(config.get("kernel") or {})),
            pod=copy.deepcopy(dict(config.get("pod") or {})),
        )


def _config(content: Mapping[str, Any]) -> Mapping[str, Any]:
    value: Any = content
    for step in _CONFIG:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _check(content: Mapping[str, Any]) -> Iterator[Finding]:
    for key in ("display_name", "language"):
        if not isinstance(content.get(key, ""), str):
            yield Finding((key,), f"expected text, got {type_name(content[key])}")
    yield from _check_argv(content.get("argv"))
    yield from _check_env(content.get("env"))
    yield from _check_config(_config(content))


def _check_argv(argv: Any) -> Iterator[Finding]:
    if not isinstance(argv, list) or not all(isinstance(each, str) for each in argv) or not argv:
        yield Finding(("argv",), "expected a list of texts")
        return
    for index, each in enumerate(argv):
        for found in _PLACEHOLDER.findall(each):
            if found == CONNECTION_FILE:
                continue
            message = f"{found} has no meaning inside the kernel's pod"
            hint = f"Only {CONNECTION_FILE} is replaced there."
            if found == "{resource_dir}":
                message = f"{found} is a directory of the gateway, which the pod does not see"
                hint = "Use a path inside the image."
            yield Finding(("argv", index), message, hint)
    if not any(CONNECTION_FILE in each for each in argv):
        message = f"{CONNECTION_FILE} is missing: the kernel would not know where to listen"
        yield Finding(("argv",), message)


def _check_env(env: Any) -> Iterator[Finding]:
    if env is None:
        return
    if not isinstance(env, Mapping):
        yield Finding(("env",), f"expected a mapping, got {type_name(env)}")
        return
    for name, value in env.items():
        path = ("env", str(name))
        if not isinstance(value, str):
            yield Finding(path, f"expected text, got {type_name(value)}", "Put it into quotes.")
        elif is_reserved_env(str(name)):
            yield Finding(path, "is set by eg-ext itself, for each kernel")
        elif "${" in value:
            message = "${…} would be taken from the gateway's environment, which no pod sees"
            yield Finding(path, message, "Write the value itself.")


def _check_config(config: Mapping[str, Any]) -> Iterator[Finding]:
    for key in config:
        if key not in _CONFIG_KEYS:
            hint = did_you_mean(nearest(key, _CONFIG_KEYS)) or f"Known: {', '.join(_CONFIG_KEYS)}."
            yield Finding((*_CONFIG, key), f"the key {key!r} is not known", hint)
    image = config.get("image_name")
    if not isinstance(image, str) or not image:
        hint = "Name the image that the kernel runs in."
        yield Finding((*_CONFIG, "image_name"), "is missing", hint)
    interrupt = config.get("interrupt")
    if interrupt is not None and interrupt not in _INTERRUPTS:
        hint = did_you_mean(nearest(str(interrupt), _INTERRUPTS))
        message = f"{interrupt!r} is neither a signal's name nor {MESSAGE_INTERRUPT!r}"
        yield Finding((*_CONFIG, "interrupt"), message, hint or "Usual is SIGINT.")
    for block in ("kernel", "pod"):
        partial = config.get(block)
        if isinstance(partial, Mapping):
            for each in check_partial(partial, block):
                if not each.warning:
                    yield Finding((*_CONFIG, block, *each.path), each.message, each.hint)
        elif partial is not None:
            message = f"expected a mapping, got {type_name(partial)}"
            yield Finding((*_CONFIG, block), message)
