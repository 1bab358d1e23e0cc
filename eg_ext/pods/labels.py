"""Labels and annotations of a kernel's objects, and which of them Enterprise Gateway knows."""

from __future__ import annotations

from ..catalog import KERNEL_CONTAINER, Plan, label_value, username_slug
from .launching import Launch

# Enterprise Gateway's own: its tools and dashboards select by these.
KERNEL_ID = "kernel_id"
COMPONENT = "component"
APP = "app"
COMPONENT_KERNEL = "kernel"
APP_ENTERPRISE_GATEWAY = "enterprise-gateway"

CONTAINER = KERNEL_CONTAINER
"""The name of the kernel's container; it is always the pod's first."""

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "eg-ext"

GATEWAY = "eg-ext.io/gateway"
USER = "eg-ext.io/user"
PROFILE = "eg-ext.io/profile"
KERNELSPEC = "eg-ext.io/kernelspec"

USERNAME = "eg-ext.io/username"
"""Annotation: the user's name as it was given; the label holds its slug."""
DISPLAY_NAME = "eg-ext.io/display-name"

# A kernel's state is in its memory: autoscalers must not move it to save a node.
SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"
DO_NOT_DISRUPT = "karpenter.sh/do-not-disrupt"


def labels_of(plan: Plan, launch: Launch) -> dict[str, str]:
    """The labels of everything that belongs to one kernel."""
    return {
        KERNEL_ID: launch.kernel_id,
        COMPONENT: COMPONENT_KERNEL,
        APP: APP_ENTERPRISE_GATEWAY,
        MANAGED_BY: MANAGER,
        GATEWAY: label_value(launch.gateway),
        USER: username_slug(plan.user),
        PROFILE: plan.profile,
        KERNELSPEC: label_value(plan.kernelspec),
    }


def annotations_of(plan: Plan) -> dict[str, str]:
    """The annotations of a kernel's pod."""
    return {
        USERNAME: plan.user,
        DISPLAY_NAME: plan.display_name,
        SAFE_TO_EVICT: "false",
        DO_NOT_DISRUPT: "true",
    }


def selector(gateway: str) -> str:
    """The label selector for all kernels of a gateway, for lists and watches."""
    return ",".join(
        f"{name}={value}"
        for name, value in (
            (MANAGED_BY, MANAGER),
            (COMPONENT, COMPONENT_KERNEL),
            (GATEWAY, label_value(gateway)),
        )
    )
