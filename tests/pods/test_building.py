from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from eg_ext.catalog import KernelRequest, Kernelspec, loads, resolve
from eg_ext.pods import PORTS, Launch, build_pod, build_secret, connection_info, labels

from ..catalog.samples import TEXT, kernel_json
from .samples import LAUNCH, gpu_plan, plan_with

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: alice-python-gpu-x7k2q
  namespace: hub-alice
  labels:
    kernel_id: 5f0e8a8e-7c5d-4c0e-9a53-2f6a3a0d7c11
    component: kernel
    app: enterprise-gateway
    app.kubernetes.io/managed-by: eg-ext
    eg-ext.io/gateway: eg-ext
    eg-ext.io/user: alice
    eg-ext.io/profile: gpu
    eg-ext.io/kernelspec: python
  annotations:
    eg-ext.io/username: alice
    eg-ext.io/display-name: Python 3 · GPU
    cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
    karpenter.sh/do-not-disrupt: "true"
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 10
  enableServiceLinks: false
  automountServiceAccountToken: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    runAsGroup: 100
    fsGroup: 100
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  nodeSelector: {node.kubernetes.io/instance-type: g5.xlarge}
  tolerations:
    - {key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}
  containers:
    - name: kernel
      image: eg-ext/kernel-python:dev
      imagePullPolicy: IfNotPresent
      command: [eg-ext-kernel, --interrupt, SIGINT, --,
                python, -m, ipykernel_launcher, -f, "{connection_file}"]
      terminationMessagePolicy: File
      securityContext:
        allowPrivilegeEscalation: false
        capabilities: {drop: [ALL]}
      env:
        - {name: KERNEL_ID, value: 5f0e8a8e-7c5d-4c0e-9a53-2f6a3a0d7c11}
        - {name: KERNEL_USERNAME, value: alice}
        - {name: KERNEL_LANGUAGE, value: python}
        - {name: KERNEL_NAMESPACE, value: hub-alice}
        - name: EG_EXT_CONNECTION
          valueFrom: {secretKeyRef: {name: alice-python-gpu-x7k2q, key: connection}}
      ports:
        - {name: shell, containerPort: 9801}
        - {name: iopub, containerPort: 9802}
        - {name: stdin, containerPort: 9803}
        - {name: control, containerPort: 9804}
        - {name: hb, containerPort: 9805}
      resources:
        requests: {cpu: "1", memory: 2Gi}
        limits: {memory: 2Gi, nvidia.com/gpu: 1}
"""


def kernel_of(pod: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = pod["spec"]["containers"][0]
    assert container["name"] == "kernel"
    return container


def env_of(pod: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each.get("value") for each in kernel_of(pod)["env"]}


def test_a_plan_becomes_this_pod() -> None:
    assert build_pod(gpu_plan(), LAUNCH) == yaml.safe_load(POD)


def test_a_plan_becomes_this_secret() -> None:
    connection = connection_info("a-key", "python")
    secret = build_secret(gpu_plan(), LAUNCH, connection, "a-uid")
    pod = build_pod(gpu_plan(), LAUNCH)
    assert json.loads(secret.pop("stringData")["connection"]) == {
        "transport": "tcp",
        "ip": "0.0.0.0",
        "shell_port": 9801,
        "iopub_port": 9802,
        "stdin_port": 9803,
        "control_port": 9804,
        "hb_port": 9805,
        "signature_scheme": "hmac-sha256",
        "key": "a-key",
        "kernel_name": "python",
    }
    assert secret == {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "immutable": True,
        "metadata": {
            "name": pod["metadata"]["name"],
            "namespace": pod["metadata"]["namespace"],
            "labels": pod["metadata"]["labels"],
            "ownerReferences": [
                {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "name": pod["metadata"]["name"],
                    "uid": "a-uid",
                }
            ],
        },
    }


def test_the_key_is_nowhere_in_the_pod() -> None:
    assert "hmac" not in json.dumps(build_pod(gpu_plan(), LAUNCH))


def test_profile_and_kernelspec_go_over_the_base() -> None:
    block = """\
kernel:
  imagePullPolicy: Always
  env: [{name: A, value: profile}]
  ports: [{name: ui, containerPort: 4040}]
  securityContext: {readOnlyRootFilesystem: true}
pod:
  terminationGracePeriodSeconds: 60
  securityContext: {runAsUser: 2000}
"""
    pod = build_pod(plan_with(block, kernel={"env": [{"name": "B", "value": "spec"}]}), LAUNCH)
    kernel = kernel_of(pod)
    assert kernel["imagePullPolicy"] == "Always"
    assert [each["name"] for each in kernel["ports"]] == [*PORTS, "ui"]
    assert kernel["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert list(env_of(pod))[-3:] == ["B", "A", "EG_EXT_CONNECTION"]
    assert pod["spec"]["terminationGracePeriodSeconds"] == 60
    assert pod["spec"]["securityContext"]["runAsUser"] == 2000
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True


def test_a_profile_can_delete_from_the_base() -> None:
    block = """\
kernel: {securityContext: {capabilities: null}, env: [{name: KERNEL_SOMETHING, $patch: delete}]}
pod: {securityContext: {fsGroup: null, fsGroupChangePolicy: null}}
"""
    pod = build_pod(plan_with(block), LAUNCH)
    assert kernel_of(pod)["securityContext"] == {"allowPrivilegeEscalation": False}
    assert "fsGroup" not in pod["spec"]["securityContext"]
    assert "null" not in json.dumps(pod)
    assert "$patch" not in json.dumps(pod)


def test_whatever_a_profile_replaces_the_launcher_gets_its_connection_and_command() -> None:
    block = """\
kernel: {$patch: replace, image: mine}
pod: {$patch: replace}
"""
    kernel = kernel_of(build_pod(plan_with(block), LAUNCH))
    assert kernel["image"] == "mine"
    assert kernel["command"][0] == "eg-ext-kernel"
    assert kernel["env"][-1]["name"] == "EG_EXT_CONNECTION"


def test_a_sidecar_stands_behind_the_kernel_and_is_as_restricted() -> None:
    block = """\
pod:
  containers: [{name: proxy, image: proxy}]
  initContainers:
    - {name: fetch, image: fetch, securityContext: {runAsUser: 5}}
    - {name: mount, image: mount, securityContext: {capabilities: null}}
    - {name: none, $patch: delete}
"""
    spec = build_pod(plan_with(block), LAUNCH)["spec"]
    assert [each["name"] for each in spec["containers"]] == ["kernel", "proxy"]
    restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert spec["containers"][1]["securityContext"] == restricted
    fetch, mount = spec["initContainers"]
    assert fetch["securityContext"] == {**restricted, "runAsUser": 5}
    assert mount["securityContext"] == {"allowPrivilegeEscalation": False}


@pytest.mark.parametrize("interrupt", ["message", "SIGUSR2"])
def test_the_launcher_is_told_how_to_interrupt(interrupt: str) -> None:
    kernel = kernel_of(build_pod(gpu_plan(interrupt=interrupt), LAUNCH))
    assert kernel["command"][:4] == ["eg-ext-kernel", "--interrupt", interrupt, "--"]


def expanded(text: str, variables: dict[str, str]) -> str:
    """What Kubernetes makes of a command's or variable's text."""
    out, rest = "", text
    while rest:
        if rest.startswith("$$"):
            out, rest = out + "$", rest[2:]
        elif rest.startswith("$(") and ")" in rest:
            name, rest = rest[2:].split(")", 1)
            out += variables.get(name, f"$({name})")
        else:
            out, rest = out + rest[0], rest[1:]
    return out


hostile = st.text("$(){}ab EG_EXT_CONNECTION", min_size=1, max_size=40)


@given(hostile)
def test_no_username_reads_another_variable(user: str) -> None:
    pod = build_pod(gpu_plan(user=user), LAUNCH)
    value = env_of(pod)["KERNEL_USERNAME"]
    assert expanded(value, {"EG_EXT_CONNECTION": "secret", "a": "secret"}) == user


def test_a_username_that_names_the_connection_does_not_get_it() -> None:
    pod = build_pod(gpu_plan(user="$(EG_EXT_CONNECTION)"), LAUNCH)
    assert env_of(pod)["KERNEL_USERNAME"] == "$$(EG_EXT_CONNECTION)"
    assert pod["metadata"]["annotations"][labels.USERNAME] == "$(EG_EXT_CONNECTION)"


def test_argv_reaches_the_kernel_as_it_is_written() -> None:
    argv = ["sh", "-c", "echo $(hostname) $HOME $$ $", "{connection_file}"]
    spec = Kernelspec.from_kernel_json("sh", {**kernel_json(), "argv": argv})
    pod = build_pod(resolve(loads(TEXT), KernelRequest("alice", spec)), LAUNCH)
    command = kernel_of(pod)["command"][4:]
    assert [expanded(each, {"hostname": "wrong"}) for each in command] == argv


def test_building_changes_no_plan_and_shares_nothing_with_it() -> None:
    plan = gpu_plan(pod={"containers": [{"name": "proxy", "image": "proxy"}]})
    before = copy.deepcopy(plan)
    pod = build_pod(plan, LAUNCH)
    pod["spec"]["tolerations"].clear()
    pod["spec"]["containers"][1]["image"] = "other"
    kernel_of(pod)["resources"]["limits"].clear()
    assert plan == before


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_every_label_is_one_that_kubernetes_takes(text: str) -> None:
    launch = Launch("id", "pod", gateway=text)
    for value in build_pod(gpu_plan(user=text), launch)["metadata"]["labels"].values():
        assert len(value) <= 63
        assert all(each.isascii() and (each.isalnum() or each in "-_.") for each in value)
