"""The errors of devcluster. Each one's text is the whole message that a user sees."""

from __future__ import annotations

from pathlib import Path


class DevclusterError(Exception):
    """Something that the user must know or do; printed without a traceback, exit code 1."""


class ComponentFailed(DevclusterError):
    """A program of the cluster ended or did not become ready.

    Attributes:
        component: its name, such as `apiserver` or `gpu-1/kubelet`.
        reason: one sentence.
        log: the file that holds its output.
    """

    def __init__(self, component: str, reason: str, log: Path) -> None:
        super().__init__(f"{component}: {reason}")
        self.component = component
        self.reason = reason
        self.log = log
