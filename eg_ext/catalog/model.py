"""The catalog's own shape, version 1.

The words above the keys ``kernel:`` and ``pod:`` are ours and are a closed set, in
snake_case.  What stands below those two keys is Kubernetes' own, in camelCase, and is
checked by :mod:`.partials`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from .durations import parse_duration

SLUG_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"

_DURATION_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?[smh]?$"},
        {"type": "number", "exclusiveMinimum": 0},
    ],
    "examples": ["30s", "10m", "2h", 90],
}

Duration = Annotated[
    float, BeforeValidator(parse_duration), WithJsonSchema(_DURATION_SCHEMA, mode="validation")
]
"""Seconds; written as ``30s``, ``10m``, ``2h`` or a number of seconds."""

Partial = dict[str, Any]
"""A part of a Kubernetes object, in the API's own field names."""


class Model(BaseModel):
    """What all parts of the catalog share: frozen, no unknown keys, no silent conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Profile(Model):
    """One thing that a user can pick."""

    slug: str = Field(
        pattern=SLUG_PATTERN,
        description="Short name, part of kernel names, pod names and labels: a-z, 0-9 and '-'.",
    )
    display_name: str = Field(
        min_length=1, description="What the launcher shows behind the kernelspec's name."
    )
    description: str = Field(default="", description="One line for the person who picks.")
    default: bool = Field(
        default=False,
        description="Whether this is taken when a request names no profile. Without any "
        "default, the first profile is.",
    )
    kernel: Partial = Field(
        default_factory=dict, description="Partial Container: what the kernel's container gets."
    )
    pod: Partial = Field(
        default_factory=dict, description="Partial PodSpec: what the kernel's pod gets."
    )
    start_timeout: Duration = Field(
        default=300.0, description="How long a start may take until it is given up."
    )
    idle_timeout: Duration | None = Field(
        default=None, description="After how long without activity the kernel is stopped."
    )


class CatalogFile(Model):
    """The file as its admin writes it."""

    version: Literal[1] = Field(description="The version of this format.")
    namespace: str = Field(
        min_length=1,
        description="Where kernels run: a name, or a template with {username}.",
    )
    profiles: tuple[Profile, ...] = Field(
        min_length=1, strict=False, description="What users can pick, in the order of the launcher."
    )
