"""What a pod's own status says of why it does not run, or why it ended.

Pure: a pod in, a sentence out. Words and fields are the kubelet's and the
scheduler's of Kubernetes 1.36; each rule was written from a captured pod.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..pods import labels

__all__ = ["Trouble", "diagnose"]

_IMAGE_WRONG = {"InvalidImageName", "ErrImageNeverPull"}
_IMAGE_PULL = {"ErrImagePull", "ImagePullBackOff"}
_CANNOT_RUN = {"CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun"}


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a pod.

    Attributes:
        fatal: waiting longer will not help.
        sentence: what happened and what to do, for a data scientist.
    """

    fatal: bool
    sentence: str


def diagnose(pod: dict[str, Any]) -> Trouble | None:
    """Say what is wrong with a pod, or None if nothing is known to be."""
    status = pod.get("status") or {}
    conditions = {c["type"]: c for c in status.get("conditions") or []}
    disruption = conditions.get("DisruptionTarget")
    if disruption is not None and disruption.get("status") == "True":
        return Trouble(True, _disrupted(disruption))
    if status.get("reason") == "Evicted":
        return Trouble(True, f"The node evicted the kernel: {_end(status.get('message'))}")
    beside = status.get("initContainerStatuses") or []
    for container in [*beside, *(status.get("containerStatuses") or [])]:
        state = container.get("state") or {}
        if "terminated" in state and container.get("name") == labels.CONTAINER:
            return Trouble(True, _terminated(state["terminated"], pod))
        if "waiting" in state:
            trouble = _waiting(state["waiting"], container, pod["metadata"]["name"])
            if trouble is not None:
                return trouble
    if status.get("phase") in ("Failed", "Succeeded"):
        detail = _end(status.get("message") or status.get("reason"))
        return Trouble(True, f"The kernel's pod ended: {detail}")
    scheduled = conditions.get("PodScheduled")
    if scheduled is not None and scheduled.get("reason") == "Unschedulable":
        return Trouble(False, f"No node can take the kernel yet: {_why_unschedulable(scheduled)}")
    return None


def _waiting(waiting: dict[str, Any], container: dict[str, Any], pod_name: str) -> Trouble | None:
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    image = container.get("image", "")
    if reason in _IMAGE_WRONG:
        return Trouble(True, f"The kernel's image {image!r} cannot be used: {_end(message)}")
    if reason in _IMAGE_PULL:
        # A first failure may be a passing one, a back-off or "not found" is not.
        certain = reason == "ImagePullBackOff" or "not found" in message
        return Trouble(certain, f"The kernel's image {image!r} cannot be pulled: {_end(message)}")
    if reason == "CreateContainerConfigError":
        # The connection's Secret follows the pod within milliseconds.
        if f'"{pod_name}"' in message:
            return None
        # A busy kubelet has not read it yet, and tries again.
        certain = "not found" in message or "couldn't find key" in message
        return Trouble(certain, f"The kernel's configuration is incomplete: {_end(message)}")
    if reason in _CANNOT_RUN:
        return Trouble(True, f"The kernel's container cannot be started: {_end(message)}")
    return None


def _terminated(terminated: dict[str, Any], pod: dict[str, Any]) -> str:
    if terminated.get("reason") == "OOMKilled":
        limit = _memory_limit(pod)
        allowed = f" (limit {limit})" if limit else ""
        return (
            f"The kernel ran out of memory{allowed} and was killed. "
            "Use less memory, or start it with a larger profile."
        )
    message = str(terminated.get("message") or "").strip()
    if message:
        return message
    code = terminated.get("exitCode")
    reason = terminated.get("reason")
    return f"The kernel's container ended with exit code {code} ({reason})."


def _memory_limit(pod: dict[str, Any]) -> str | None:
    for container in (pod.get("spec") or {}).get("containers") or []:
        if container.get("name") == labels.CONTAINER:
            limits = (container.get("resources") or {}).get("limits") or {}
            limit: str | None = limits.get("memory")
            return limit
    return None


def _disrupted(condition: dict[str, Any]) -> str:
    reasons = {
        "DeletionByTaintManager": "its node was taken away or failed",
        "EvictionByEvictionAPI": "its node is being emptied",
        "PreemptionByScheduler": "a pod of higher priority took its place",
        "TerminationByKubelet": "its node is short of resources or shuts down",
        "DeletionByPodGC": "its node is gone",
    }
    why = reasons.get(condition.get("reason", ""), _end(condition.get("message")))
    return f"The kernel was stopped because {why.rstrip('.')}. Start it again."


def _why_unschedulable(condition: dict[str, Any]) -> str:
    """The scheduler's message without what it says about preemption, which no user can act on."""
    message = condition.get("message") or ""
    for noise in ("no new claims to deallocate,", "preemption:"):
        message = message.partition(noise)[0]
    return _end(message.rstrip(" ,"))


def _end(message: str | None) -> str:
    """A message from elsewhere as the end of our sentence."""
    text = " ".join((message or "no reason was given").split())
    return text if text.endswith((".", "!", "?")) else f"{text}."
