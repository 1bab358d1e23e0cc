from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eg_ext.catalog import (
    Catalog,
    KernelRequest,
    Kernelspec,
    Plan,
    Refusal,
    combined_display_name,
    combined_name,
    is_dns_label,
    loads,
    resolve,
)

from .samples import TEXT, catalog, kernel_json, profile_with, python


def plan(profile: str | None = None, user: str = "alice", spec: Kernelspec | None = None) -> Plan:
    return resolve(catalog(), KernelRequest(user, spec or python(), profile))


def test_a_plan_says_all_that_a_kernel_gets() -> None:
    assert plan("gpu") == Plan(
        user="alice",
        profile="gpu",
        profile_display_name="GPU",
        kernelspec="python",
        display_name="Python 3 · GPU",
        language="python",
        namespace="hub-alice",
        argv=("python", "-m", "ipykernel_launcher", "-f", "{connection_file}"),
        interrupt="SIGINT",
        kernel={
            "image": "eg-ext/kernel-python:dev",
            "resources": {
                "requests": {"cpu": "1", "memory": "2Gi"},
                "limits": {"memory": "2Gi", "nvidia.com/gpu": 1},
            },
        },
        pod={
            "nodeSelector": {"node.kubernetes.io/instance-type": "g5.xlarge"},
            "tolerations": [
                {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
            ],
        },
        start_timeout=600.0,
        idle_timeout=3600.0,
    )


def test_a_start_may_take_five_minutes_and_idleness_ends_nothing_unless_the_profile_says() -> None:
    small = plan("small")
    assert (small.start_timeout, small.idle_timeout) == (300.0, None)


@pytest.mark.parametrize(
    ("written", "seconds"), [("90", 90.0), ("30s", 30.0), ("1.5m", 90.0), ("2h", 7200.0)]
)
def test_durations_have_units_or_are_seconds(written: str, seconds: float) -> None:
    assert loads(profile_with(f"start_timeout: {written}")).profiles[0].start_timeout == seconds


def test_a_request_without_a_profile_gets_the_one_that_is_marked() -> None:
    marked = loads(TEXT.replace("display_name: GPU", "display_name: GPU\n    default: true"))
    assert marked.default_profile.slug == "gpu"
    assert resolve(marked, KernelRequest("alice", python())).profile == "gpu"


def test_a_request_without_a_profile_gets_the_first_if_none_is_marked() -> None:
    assert plan(None).profile == "small"


@pytest.mark.parametrize(
    ("slug", "message"),
    [
        ("gpuu", "There is no profile 'gpuu'. Did you mean 'gpu'?"),
        ("GPU", "There is no profile 'GPU'. Did you mean 'gpu'?"),
        ("tpu-v5", "There is no profile 'tpu-v5'. There are: small, gpu."),
        ("", "There is no profile ''. There are: small, gpu."),
    ],
)
def test_an_unknown_profile_is_refused_with_the_nearest_names(slug: str, message: str) -> None:
    with pytest.raises(Refusal) as caught:
        plan(slug)
    assert (caught.value.status, caught.value.message) == (400, message)


@pytest.mark.parametrize("user", ["", "\ud800"])
def test_a_name_that_cannot_be_a_users_is_refused(user: str) -> None:
    with pytest.raises(Refusal, match="cannot be a user's") as caught:
        plan(user=user)
    assert caught.value.status == 400


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_every_user_has_a_namespace_that_can_exist(user: str) -> None:
    assert is_dns_label(plan(user=user).namespace)


def test_a_fixed_namespace_is_the_same_for_all() -> None:
    fixed = loads(TEXT.replace('"hub-{username}"', "kernels"))
    assert resolve(fixed, KernelRequest("Alice", python())).namespace == "kernels"


def test_a_profile_goes_over_the_kernelspec() -> None:
    spec = python(
        kernel={
            "env": [{"name": "A", "value": "spec"}, {"name": "B", "value": "spec"}],
            "resources": {"requests": {"cpu": "250m"}},
        },
        pod={"tolerations": [{"key": "spot", "operator": "Exists"}]},
    )
    block = """\
kernel:
  image: other
  env: [{name: B, value: profile}]
  resources: {limits: {cpu: "2"}}
pod: {tolerations: [{key: gpu, operator: Exists}]}
"""
    resolved = resolve(loads(profile_with(block)), KernelRequest("alice", spec))
    assert resolved.kernel == {
        "image": "other",
        "env": [{"name": "A", "value": "spec"}, {"name": "B", "value": "profile"}],
        "resources": {"requests": {"cpu": "250m"}, "limits": {"cpu": "2"}},
    }
    assert [each["key"] for each in resolved.pod["tolerations"]] == ["spot", "gpu"]


def test_kernel_json_env_reaches_the_container_as_it_is_written() -> None:
    content = kernel_json(kernel={"env": [{"name": "B", "value": "$(A)"}]})
    content["env"] = {"A": "costs $(5) $$", "B": "below"}
    spec = Kernelspec.from_kernel_json("python", content)
    assert plan(spec=spec).kernel["env"] == [
        {"name": "A", "value": "costs $$(5) $$$$"},  # Kubernetes reads $$ as $
        {"name": "B", "value": "$(A)"},  # written for Kubernetes: its own affair
    ]


def test_kernelspec_and_profile_that_contradict_each_other_are_refused() -> None:
    spec = python(kernel={"resources": {"limits": {"memory": "1Gi"}}})
    text = profile_with("kernel: {resources: {requests: {memory: 2Gi}}}")
    with pytest.raises(
        Refusal, match="requests 2Gi, which is more than the limit of 1Gi"
    ) as caught:
        resolve(loads(text), KernelRequest("alice", spec))
    assert caught.value.status == 500


def test_the_same_request_gives_the_same_plan_and_no_plan_changes_another() -> None:
    shared: Catalog = catalog()
    spec = python(kernel={"env": [{"name": "A", "value": "1"}]})
    request = KernelRequest("alice", spec, "gpu")
    first = resolve(shared, request)
    before = copy.deepcopy(first)
    spoiled: Any = first.kernel
    spoiled["resources"]["limits"]["memory"] = "1Ti"
    spoiled["env"][0]["value"] = "spoiled"
    spoiled_pod: Any = first.pod
    spoiled_pod["tolerations"].clear()
    assert resolve(shared, request) == before


def test_names_of_a_kernelspec_with_a_profile() -> None:
    assert combined_name("python", "gpu") == "python-gpu"
    assert combined_display_name("Python 3", "GPU") == "Python 3 · GPU"
