from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from eg_ext.catalog import CONTAINER, POD_SPEC, merge, settle

CASES = yaml.safe_load(Path(__file__).with_name("merging.yaml").read_text())

# Layers as people write them: valid, partial, with deletions and directives.
texts = st.sampled_from(["a", "b", "c"])
directives = st.sampled_from([{}, {}, {}, {"$patch": "replace"}])


def nothing_or(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def mappings(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    plain = st.fixed_dictionaries({}, optional={k: nothing_or(v) for k, v in fields.items()})
    return st.builds(lambda a, b: {**a, **b}, plain, directives)


def keyed(name: str, fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[list[Any]]:
    """Lists of elements with different keys; some delete, and some lists replace."""
    kept = st.builds(lambda key, rest: {name: key, **rest}, texts, mappings(fields))
    deleted = st.builds(lambda key: {name: key, "$patch": "delete"}, texts)
    elements = st.lists(st.one_of(kept, deleted), max_size=3, unique_by=lambda each: each[name])
    marks = st.sampled_from([[], [], [{"$patch": "replace"}]])
    return st.builds(lambda mark, rest: [*mark, *rest], marks, elements)


quantities = mappings({"cpu": texts, "memory": texts})
containers = mappings(
    {
        "image": texts,
        "args": st.lists(texts, max_size=2),
        "env": keyed("name", {"value": texts, "valueFrom": mappings({"fieldRef": texts})}),
        "volumeMounts": keyed("mountPath", {"name": texts, "readOnly": st.booleans()}),
        "resources": mappings({"requests": quantities, "limits": quantities}),
    }
)
pods = mappings(
    {
        "nodeSelector": mappings({"zone": texts, "disk": texts}),
        "tolerations": keyed("key", {"tolerationSeconds": st.integers(0, 2)}),
        "volumes": keyed("name", {"emptyDir": mappings({"medium": texts}), "nfs": texts}),
        "initContainers": keyed("name", {"image": texts, "env": keyed("name", {"value": texts})}),
        "futureField": mappings({"a": st.lists(texts, max_size=2)}),
    }
)


@given(containers)
def test_an_empty_layer_changes_nothing(layer: dict[str, Any]) -> None:
    assert merge(layer, {}, CONTAINER) == layer
    assert settle(merge({}, layer, CONTAINER)) == settle(layer)


@example(
    {"resources": {"limits": {"cpu": "1"}}},
    {"resources": None},
    {"resources": {"requests": {"cpu": "2"}}},
)
@example({"env": [{"name": "A"}]}, {"env": None}, {"env": [{"name": "B"}]})
@example(
    {"volumeMounts": [{"mountPath": "/a", "name": "a"}]},
    {"volumeMounts": [{"mountPath": "/a", "$patch": "delete"}]},
    {"volumeMounts": [{"mountPath": "/a", "readOnly": True}]},
)
@given(containers, containers, containers)
def test_it_does_not_matter_which_container_layers_are_merged_first(
    a: dict[str, Any], b: dict[str, Any], c: dict[str, Any]
) -> None:
    left = merge(merge(a, b, CONTAINER), c, CONTAINER)
    right = merge(a, merge(b, c, CONTAINER), CONTAINER)
    assert settle(left) == settle(right)


@given(pods, pods, pods)
def test_it_does_not_matter_which_pod_layers_are_merged_first(
    a: dict[str, Any], b: dict[str, Any], c: dict[str, Any]
) -> None:
    left = merge(merge(a, b, POD_SPEC), c, POD_SPEC)
    right = merge(a, merge(b, c, POD_SPEC), POD_SPEC)
    assert settle(left) == settle(right)


@given(pods)
def test_a_layer_over_itself_changes_nothing(layer: dict[str, Any]) -> None:
    assert settle(merge(layer, layer, POD_SPEC)) == settle(layer)


@given(pods, pods)
def test_merging_changes_neither_layer_and_shares_nothing_with_them(
    a: dict[str, Any], b: dict[str, Any]
) -> None:
    before = copy.deepcopy((a, b))
    merged = merge(a, b, POD_SPEC)
    scribble(merged)
    assert (a, b) == before


def scribble(value: Any) -> None:
    """Change everything inside, to see who else notices."""
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, (dict, list)):
            scribble(each)
    if isinstance(value, dict):
        value["scribble"] = 1
    else:
        value.append("scribble")


@given(pods, pods)
def test_a_settled_object_holds_no_null_and_no_directive(
    a: dict[str, Any], b: dict[str, Any]
) -> None:
    settled = settle(merge(a, b, POD_SPEC))
    assert "$patch" not in repr(settled)
    assert "None" not in repr(settled)
    assert settle(settled) == settled


@pytest.mark.parametrize("case", CASES, ids=[each["case"] for each in CASES])
def test_merging_follows_kubernetes(case: dict[str, Any]) -> None:
    assert settle(merge(case["base"], case["patch"], case["kind"])) == case["result"]


def test_a_deletion_waits_for_a_layer_that_comes_below_later() -> None:
    kernelspec: dict[str, Any] = {}
    profile = {"securityContext": {"runAsUser": None}, "env": [{"name": "A", "$patch": "delete"}]}
    base = {"securityContext": {"runAsUser": 1000, "runAsNonRoot": True}, "env": [{"name": "A"}]}
    above = merge(kernelspec, profile, CONTAINER)
    assert settle(merge(base, above, CONTAINER)) == {
        "securityContext": {"runAsNonRoot": True},
        "env": [],
    }
