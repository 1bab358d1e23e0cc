"""What a pod's status says, as a sentence: the shapes are those of Kubernetes 1.36."""

from __future__ import annotations

from typing import Any

import pytest

from eg_ext.cluster.diagnosis import diagnose


def pod(
    *,
    waiting: dict[str, Any] | None = None,
    terminated: dict[str, Any] | None = None,
    conditions: list[dict[str, Any]] | None = None,
    **status: Any,
) -> dict[str, Any]:
    """A kernel's pod with the given state."""
    state = {"waiting": waiting} if waiting else {"terminated": terminated} if terminated else {}
    container = {"name": "kernel", "image": "team/kernel:1", "state": state}
    resources = {"limits": {"memory": "2Gi"}}
    return {
        "metadata": {"name": "alice-python-small-1"},
        "spec": {"containers": [{"name": "kernel", "resources": resources}]},
        "status": {"conditions": conditions or [], "containerStatuses": [container], **status},
    }


def test_nothing_is_wrong_with_a_pod_that_has_no_status_yet() -> None:
    assert diagnose({"metadata": {"name": "x"}, "spec": {}}) is None


def test_nothing_is_wrong_with_a_pod_that_runs() -> None:
    assert diagnose(pod(phase="Running")) is None


CERTAIN = {
    "name of the image": (
        pod(waiting={"reason": "InvalidImageName", "message": "couldn't parse image name"}),
        "The kernel's image 'team/kernel:1' cannot be used: couldn't parse image name.",
    ),
    "image never pulled": (
        pod(waiting={"reason": "ErrImageNeverPull", "message": "Container image is not present"}),
        "The kernel's image 'team/kernel:1' cannot be used: Container image is not present.",
    ),
    "pull backs off": (
        pod(waiting={"reason": "ImagePullBackOff", "message": "Back-off pulling image"}),
        "The kernel's image 'team/kernel:1' cannot be pulled: Back-off pulling image.",
    ),
    "image not found": (
        pod(waiting={"reason": "ErrImagePull", "message": "docker.io/team/kernel:1: not found"}),
        "cannot be pulled: docker.io/team/kernel:1: not found.",
    ),
    "missing config map": (
        pod(waiting={"reason": "CreateContainerConfigError", "message": 'configmap "x" not found'}),
        'The kernel\'s configuration is incomplete: configmap "x" not found.',
    ),
    "cannot start": (
        pod(waiting={"reason": "RunContainerError", "message": 'exec: "nope": not found'}),
        'The kernel\'s container cannot be started: exec: "nope": not found.',
    ),
    "out of memory": (
        pod(phase="Failed", terminated={"reason": "OOMKilled", "exitCode": 137}),
        "The kernel ran out of memory (limit 2Gi) and was killed.",
    ),
    "launcher's own words": (
        pod(
            phase="Failed",
            terminated={
                "reason": "Error",
                "exitCode": 7,
                "message": "The kernel ended with exit code 7.\n",
            },
        ),
        "The kernel ended with exit code 7.",
    ),
    "ended without a word": (
        pod(phase="Failed", terminated={"reason": "Error", "exitCode": 1}),
        "The kernel's container ended with exit code 1 (Error).",
    ),
    "ended well": (
        pod(phase="Succeeded", terminated={"reason": "Completed", "exitCode": 0}),
        "The kernel's container ended with exit code 0 (Completed).",
    ),
    "evicted": (
        pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory"),
        "The node evicted the kernel: The node was low on resource: memory.",
    ),
    "deadline": (
        pod(phase="Failed", reason="DeadlineExceeded", message="Pod was active too long"),
        "The kernel's pod ended: Pod was active too long.",
    ),
    "spot node taken": (
        pod(
            phase="Running",
            conditions=[
                {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}
            ],
        ),
        "The kernel was stopped because its node was taken away or failed. Start it again.",
    ),
    "disrupted for a new reason": (
        pod(
            phase="Running",
            conditions=[
                {
                    "type": "DisruptionTarget",
                    "status": "True",
                    "reason": "Tomorrow",
                    "message": "the moon is full",
                }
            ],
        ),
        "The kernel was stopped because the moon is full. Start it again.",
    ),
}


@pytest.mark.parametrize("case", CERTAIN)
def test_what_is_certain_to_fail_or_has_ended(case: str) -> None:
    given, sentence = CERTAIN[case]
    trouble = diagnose(given)
    assert trouble is not None
    assert trouble.fatal
    assert sentence in trouble.sentence


def test_a_first_failed_pull_may_be_a_passing_one() -> None:
    trouble = diagnose(pod(waiting={"reason": "ErrImagePull", "message": "i/o timeout"}))
    assert trouble is not None
    assert not trouble.fatal


def test_the_connections_secret_may_come_a_moment_later() -> None:
    message = 'secret "alice-python-small-1" not found'
    waiting = {"reason": "CreateContainerConfigError", "message": message}
    assert diagnose(pod(waiting=waiting)) is None


def test_a_busy_kubelet_tries_again() -> None:
    message = "failed to sync secret cache: timed out waiting for the condition"
    trouble = diagnose(pod(waiting={"reason": "CreateContainerConfigError", "message": message}))
    assert trouble is not None
    assert not trouble.fatal


def test_an_unschedulable_pod_may_still_get_its_node() -> None:
    message = (
        "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, "
        "preemption: 0/2 nodes are available: 2 No preemption victims found."
    )
    unschedulable = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    given = pod(phase="Pending", conditions=[{**unschedulable, "message": message}])
    trouble = diagnose(given)
    assert trouble is not None
    assert not trouble.fatal
    assert trouble.sentence == (
        "No node can take the kernel yet: 0/2 nodes are available: 2 Insufficient cpu."
    )


def test_an_init_container_without_an_image_keeps_the_kernel_from_starting() -> None:
    given = pod(phase="Pending")
    waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
    given["status"]["initContainerStatuses"] = [
        {"name": "fetch", "image": "team/fetch:1", "state": {"waiting": waiting}}
    ]
    trouble = diagnose(given)
    assert trouble is not None
    assert trouble.fatal
    assert "'team/fetch:1' cannot be pulled" in trouble.sentence


def test_a_sidecars_state_is_not_the_kernels() -> None:
    given = pod(phase="Running")
    given["status"]["containerStatuses"].insert(
        0, {"name": "proxy", "state": {"terminated": {"exitCode": 3, "reason": "Error"}}}
    )
    assert diagnose(given) is None
