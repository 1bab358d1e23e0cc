"""What every kernel's pod has before kernelspec and profile say anything.

It is what Pod Security's level "restricted" asks for, so that kernels run in
namespaces that enforce it, and as little as possible besides.
"""

from __future__ import annotations

from typing import Any

from ..catalog import KERNEL_CONTAINER, Plan, literal
from .connection import CONNECTION_ENV, CONNECTION_KEY, PORTS
from .launching import Launch

LAUNCHER = "eg-ext-kernel"
TERMINATION_GRACE = 10
"""Seconds; the launcher's own default is 5, and the kubelet needs a little."""
KUBERNETES_GRACE = 30
"""Seconds that Kubernetes gives where a pod says nothing."""
USER_ID = 1000
GROUP_ID = 100
"""Jupyter's images run as user 1000 (jovyan) and group 100 (users)."""


def base_pod() -> dict[str, Any]:
    """The partial PodSpec below everything else."""
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": TERMINATION_GRACE,
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": GROUP_ID,
            # Lets the kernel write to a claim; OnRootMismatch, since changing the owner of
            # every file in a large home at each start takes minutes.
            "fsGroup": GROUP_ID,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def termination_grace(plan: Plan) -> float:
    """Seconds between a pod's deletion and its forced end."""
    grace = plan.pod.get("terminationGracePeriodSeconds", TERMINATION_GRACE)
    return KUBERNETES_GRACE if grace is None else float(grace)


def _grace_option(plan: Plan) -> list[str]:
    """The launcher needs a part of a grace period that is not the usual one for itself."""
    grace = termination_grace(plan)
    return [] if grace == TERMINATION_GRACE else ["--grace", f"{max(grace - 5, 1):g}"]


def base_security() -> dict[str, Any]:
    """The partial Container below every container of the pod, also below sidecars."""
    return {
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def base_kernel(plan: Plan, launch: Launch) -> dict[str, Any]:
    """The partial Container below the kernel's."""
    env = {
        "KERNEL_ID": launch.kernel_id,
        "KERNEL_USERNAME": plan.user,
        "KERNEL_LANGUAGE": plan.language,
        "KERNEL_NAMESPACE": plan.namespace,
    }
    return {
        "name": KERNEL_CONTAINER,
        "imagePullPolicy": "IfNotPresent",
        **base_security(),
        "terminationMessagePolicy": "File",
        "env": [{"name": name, "value": literal(value)} for name, value in env.items()],
        "ports": [{"name": name, "containerPort": port} for name, port in PORTS.items()],
    }


def contract(plan: Plan, launch: Launch) -> dict[str, Any]:
    """The partial Container above everything else: what the launcher cannot do without."""
    secret = {"name": launch.pod_name, "key": CONNECTION_KEY}
    return {
        "name": KERNEL_CONTAINER,
        "command": [
            LAUNCHER,
            "--interrupt",
            plan.interrupt,
            *_grace_option(plan),
            "--",
            *(literal(each) for each in plan.argv),
        ],
        # Last in the list: Kubernetes expands $(NAME) only for variables that stand before.
        "env": [{"name": CONNECTION_ENV, "valueFrom": {"secretKeyRef": secret}}],
    }
