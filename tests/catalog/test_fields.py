"""The table of Kubernetes' fields against the models of the installed client."""

from __future__ import annotations

import kubernetes.client.models as models
import pytest

from eg_ext.catalog.fields import CONTAINER, POD_SPEC, fields_of, kinds, list_rule

# Types that the client names otherwise, or that two API groups share.
OTHER_NAMES = {"TypedLocalObjectReference", "ManagedFieldsEntry", "OwnerReference", "ObjectMeta"}


@pytest.mark.parametrize("kind", [each for each in kinds() if each not in OTHER_NAMES])
def test_every_field_is_one_that_the_client_knows(kind: str) -> None:
    model = getattr(models, f"V1{kind}", None) or getattr(models, f"CoreV1{kind}")
    assert set(fields_of(kind)) <= set(model.attribute_map.values())


def test_container_and_pod_are_whole() -> None:
    assert {"image", "env", "resources", "securityContext"} <= set(fields_of(CONTAINER))
    assert {"nodeSelector", "affinity", "tolerations", "volumes"} <= set(fields_of(POD_SPEC))


@pytest.mark.parametrize(
    ("kind", "field", "keys"),
    [
        (CONTAINER, "env", ("name",)),
        (CONTAINER, "volumeMounts", ("mountPath",)),
        (CONTAINER, "ports", ("containerPort", "protocol")),
        (POD_SPEC, "volumes", ("name",)),
        (POD_SPEC, "topologySpreadConstraints", ("topologyKey", "whenUnsatisfiable")),
        (POD_SPEC, "tolerations", ("key", "operator", "value", "effect")),
    ],
)
def test_lists_have_their_merge_keys(kind: str, field: str, keys: tuple[str, ...]) -> None:
    rule = list_rule(kind, field)
    assert rule is not None
    assert rule.keys == keys


@pytest.mark.parametrize(("kind", "field"), [(CONTAINER, "args"), (POD_SPEC, "readinessGates")])
def test_other_lists_have_none(kind: str, field: str) -> None:
    assert list_rule(kind, field) is None
