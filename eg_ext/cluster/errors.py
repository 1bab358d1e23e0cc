"""What can go wrong between the gateway and the cluster."""

from __future__ import annotations

import json

__all__ = ["ApiError", "ClusterError", "ClusterUnreachable", "StartFailed"]


class ClusterError(Exception):
    """Base of this room's errors."""


class ClusterUnreachable(ClusterError):
    """The API server does not answer, or there is no configuration for it."""


class ApiError(ClusterError):
    """The API server said no.

    Attributes:
        status: HTTP status.
        reason: Kubernetes' word for it, such as ``NotFound`` or ``Forbidden``.
        message: Kubernetes' sentence.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message

    @classmethod
    def from_answer(cls, status: int, data: bytes) -> ApiError:
        """Read the error out of an answer's body, whatever that is."""
        text = data.decode("utf-8", "replace")
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return cls(status, "", text.strip()[:500])
        return cls(status, str(body.get("reason", "")), str(body.get("message", "")))


class StartFailed(ClusterError):
    """A kernel could not be started; everything made for it is gone.

    Attributes:
        status: HTTP status for the client.
        message: what happened and what to do, for a data scientist.
    """

    def __init__(self, message: str, status: int = 500) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
