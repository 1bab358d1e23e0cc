"""Plans for tests: catalog text and kernelspec configuration in, plan out."""

from __future__ import annotations

from typing import Any

from eg_ext.catalog import KernelRequest, Plan, loads, resolve
from eg_ext.pods import Launch

from ..catalog.samples import TEXT, profile_with, python

LAUNCH = Launch(
    kernel_id="5f0e8a8e-7c5d-4c0e-9a53-2f6a3a0d7c11",
    pod_name="alice-python-gpu-x7k2q",
    gateway="eg-ext",
)


def gpu_plan(user: str = "alice", **config: Any) -> Plan:
    """The plan of ``python-gpu``; ``config`` is the kernelspec's."""
    return resolve(loads(TEXT), KernelRequest(user, python(**config), "gpu"))


def plan_with(block: str, **config: Any) -> Plan:
    """The plan of a profile with these lines; ``config`` is the kernelspec's."""
    return resolve(loads(profile_with(block)), KernelRequest("alice", python(**config)))
