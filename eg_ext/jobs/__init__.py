"""Notebooks as jobs: a papermill engine that runs them through the gateway.

``papermill --engine eg-ext -k python-gpu in.ipynb out.ipynb`` is all that a user needs to know;
programs may catch the errors named here. The rooms of the gateway are not imported: a job runs
where they are not installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import ConnectionLost, GatewayError, GatewayRefused, GatewayUnreachable, KernelDied

__all__ = ["ConnectionLost", "GatewayError", "GatewayRefused", "GatewayUnreachable", "KernelDied"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from . import errors

        return getattr(errors, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
