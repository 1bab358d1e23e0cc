"""One launch of a plan: what differs between two kernels of the same plan."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Launch:
    """Names of one kernel: Jupyter's id, its pod, and the gateway that it belongs to."""

    kernel_id: str
    pod_name: str
    gateway: str
