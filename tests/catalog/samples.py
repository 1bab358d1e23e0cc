"""A small catalog and a kernelspec for tests to start from."""

from __future__ import annotations

from typing import Any

from eg_ext.catalog import Catalog, CatalogError, Kernelspec, Problem, loads

TEXT = """\
version: 1
namespace: "hub-{username}"
profiles:
  - slug: small
    display_name: Small
  - slug: gpu
    display_name: GPU
    kernel:
      resources:
        requests: {cpu: "1", memory: 2Gi}
        limits: {memory: 2Gi, nvidia.com/gpu: 1}
    pod:
      nodeSelector: {node.kubernetes.io/instance-type: g5.xlarge}
      tolerations:
        - {key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}
    start_timeout: 10m
    idle_timeout: 1h
"""


def catalog() -> Catalog:
    """The catalog of :data:`TEXT`."""
    return loads(TEXT)


def kernel_json(**config: Any) -> dict[str, Any]:
    """A kernel.json; ``config`` is added to its process proxy's configuration."""
    return {
        "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
        "interrupt_mode": "message",
        "metadata": {
            "process_proxy": {
                "class_name": "eg_ext.ProfileProcessProxy",
                "config": {"image_name": "eg-ext/kernel-python:dev", **config},
            }
        },
    }


def python(**config: Any) -> Kernelspec:
    """The kernelspec ``python``."""
    return Kernelspec.from_kernel_json("python", kernel_json(**config))


def profile_with(block: str) -> str:
    """A catalog of one profile that holds the given lines, each below the profile's slug."""
    lines = "\n".join(f"    {line}" for line in block.splitlines())
    return (
        f"version: 1\nnamespace: kernels\nprofiles:\n  - slug: one\n    display_name: One\n{lines}"
    )


def problems_of(text: str) -> list[Problem]:
    """What is wrong with a catalog's text; fails if nothing is."""
    try:
        loads(text)
    except CatalogError as error:
        return error.problems
    raise AssertionError("the catalog was accepted")
