"""What a kernel may ask for: the admin's catalog, loaded, checked and resolved.

Pure: needs pydantic and PyYAML, no cluster and no gateway.
"""

from __future__ import annotations

from .fields import CONTAINER, POD_SPEC
from .kernelspecs import Kernelspec
from .loading import Catalog, load, loads
from .merging import merge, settle
from .model import Profile
from .problems import CatalogError, Problem, did_you_mean, nearest
from .quantities import parse_quantity
from .reserved import KERNEL_CONTAINER
from .resolving import (
    KernelRequest,
    Plan,
    Refusal,
    combined_display_name,
    combined_name,
    literal,
    resolve,
)
from .schema import json_schema
from .slugs import is_dns_label, label_value, username_slug

__all__ = [
    "CONTAINER",
    "KERNEL_CONTAINER",
    "POD_SPEC",
    "Catalog",
    "CatalogError",
    "KernelRequest",
    "Kernelspec",
    "Plan",
    "Problem",
    "Profile",
    "Refusal",
    "combined_display_name",
    "combined_name",
    "did_you_mean",
    "is_dns_label",
    "json_schema",
    "label_value",
    "literal",
    "load",
    "loads",
    "merge",
    "nearest",
    "parse_quantity",
    "resolve",
    "settle",
    "username_slug",
]
