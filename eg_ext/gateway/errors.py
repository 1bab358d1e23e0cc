"""Our errors as HTTP answers."""

from __future__ import annotations

import json
from http.client import responses
from typing import Any

from tornado import web

from ..catalog import CatalogError, Refusal
from ..cluster import ClusterError, StartFailed

__all__ = ["ReadableErrors", "http_error", "no_user", "sentence"]


def http_error(error: Exception) -> web.HTTPError:
    """The answer for one of our errors: its status and its sentence.

    Raises:
        TypeError: it is none of ours.
    """
    if isinstance(error, (Refusal, StartFailed)):
        return web.HTTPError(error.status, error.message)
    if isinstance(error, ClusterError):
        return web.HTTPError(
            503,
            "Kernels cannot be started at the moment: the gateway does not reach its cluster. "
            "Try again in a minute, or ask your administrator.",
        )
    if isinstance(error, CatalogError):
        return web.HTTPError(
            500,
            "The catalog of kernel profiles, or this kernelspec, is broken. "
            "Ask your administrator to check it.",
        )
    raise TypeError(f"not one of eg_ext's errors: {error!r}")


def no_user() -> web.HTTPError:
    """The answer to a request that does not say whom the kernel is for."""
    return web.HTTPError(
        400,
        "Who is the kernel for? Set KERNEL_USERNAME in the environment of the "
        "Jupyter server or in the request's env.",
    )


class ReadableErrors:
    """Mixed into every handler: an error is one JSON object with a sentence, never a traceback.

    The shape is Enterprise Gateway's own: ``{"reason": …, "message": …}``.
    """

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with an error (tornado's hook)."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        message = sentence(error) if error is not None else ""
        reason = responses.get(status_code, "Unknown HTTP Error")
        handler: Any = self
        handler.set_header("Content-Type", "application/json")
        handler.set_status(status_code, reason=reason)
        handler.finish(json.dumps({"reason": reason, "message": message}))


def sentence(error: BaseException) -> str:
    """What an error says to a user."""
    if not isinstance(error, web.HTTPError):
        return "The gateway has an error. Its log says more."
    # Tornado doubles the percent signs of a message that has no arguments.
    message = error.log_message or ""
    try:
        return (message % error.args) if message else (error.reason or "")
    except (TypeError, ValueError):
        return message
