"""Whatever a file holds, loading it ends with a catalog or with problems that have a place."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from eg_ext.catalog import (
    Catalog,
    CatalogError,
    KernelRequest,
    Kernelspec,
    Refusal,
    json_schema,
    loads,
    resolve,
)
from eg_ext.catalog.fields import CONTAINER, POD_SPEC, element, fields_of, kinds
from eg_ext.pods import build_pod

from ..pods.samples import LAUNCH
from .samples import TEXT, kernel_json, python

words = [*json_schema()["$defs"]["Profile"]["properties"], "kernel", "$patch", "delete", "replace"]
words += ["version", "namespace", "profiles", "requests", "limits", "nvidia.com/gpu", "1Gi"]
words += [field for kind in kinds() for field in fields_of(kind)]
scalars = st.one_of(
    st.sampled_from(words),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
)
values = st.recursive(
    scalars,
    lambda below: st.one_of(
        st.lists(below, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(words), st.text(max_size=5)), below, max_size=4),
    ),
    max_leaves=20,
)


SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.sampled_from(["a", "b"]),
    "boolean": st.booleans(),
    "integer": st.integers(0, 3),
    "number": st.integers(0, 3),
    "IntOrString": st.sampled_from([1, "a"]),
    "Quantity": st.sampled_from(["1", "2Gi", 3]),
    "any": st.just({}),
}


def of_kind(kind: str) -> st.SearchStrategy[Any]:
    """Some fields of a Kubernetes type, with values that have the right type."""
    fields = fields_of(kind)
    if not fields:
        return st.just({})
    names = st.lists(st.sampled_from(sorted(fields)), max_size=3, unique=True)
    return names.flatmap(
        lambda chosen: st.fixed_dictionaries({name: of_type(fields[name]) for name in chosen})
    )


def of_type(field_type: str) -> st.SearchStrategy[Any]:
    """A value of a field's type, or now and then null."""
    right: st.SearchStrategy[Any]
    if field_type.startswith("["):
        right = st.lists(of_type(element(field_type)), max_size=2)
    elif field_type.startswith("{"):
        right = st.dictionaries(st.sampled_from(["cpu", "a"]), of_type(element(field_type)))
    elif field_type in SCALARS:
        right = SCALARS[field_type]
    else:
        right = st.deferred(lambda: of_kind(field_type))
    return st.one_of(right, right, right, st.none())


def load_or_complain(text: str) -> Catalog | None:
    problems = []
    try:
        return loads(text)
    except CatalogError as error:
        problems = error.problems
    assert problems
    for each in problems:
        assert 1 <= each.line <= text.count("\n") + 2
        assert each.column >= 1
        assert each.message
    return None


@given(st.text())
def test_any_text(text: str) -> None:
    load_or_complain(text)


@given(
    st.integers(0, len(TEXT)), st.integers(0, 20), st.text("{}[]:-,&*!|>'\"% \n\tab1~<", max_size=6)
)
def test_a_good_catalog_with_a_piece_replaced(start: int, length: int, text: str) -> None:
    load_or_complain(TEXT[:start] + text + TEXT[start + length :])


@given(values)
def test_any_value(value: Any) -> None:
    load_or_complain(yaml.safe_dump(value, allow_unicode=True))


@given(st.one_of(of_kind(CONTAINER), values), st.one_of(of_kind(POD_SPEC), values))
def test_any_kernel_and_pod_that_load_can_be_built(kernel: Any, pod: Any) -> None:
    profile = {"slug": "one", "display_name": "One", "kernel": kernel, "pod": pod}
    file = {"version": 1, "namespace": "kernels", "profiles": [profile]}
    catalog = load_or_complain(yaml.safe_dump(file, allow_unicode=True))
    if catalog is not None:
        build_pod(resolve(catalog, KernelRequest("alice", python())), LAUNCH)


@given(values, values, of_kind(CONTAINER), of_kind(POD_SPEC))
def test_any_kernelspec_that_is_read_can_be_built(
    argv: Any, env: Any, kernel: Any, pod: Any
) -> None:
    content = {**kernel_json(kernel=kernel, pod=pod), "argv": argv, "env": env}
    try:
        spec = Kernelspec.from_kernel_json("python", content)
        build_pod(resolve(loads(TEXT), KernelRequest("alice", spec)), LAUNCH)
    except (CatalogError, Refusal) as error:
        said = str(error)
    else:
        said = "built"
    assert said
