"""Prints the table: what was measured, its baseline, and their ratio.

Times on a shared machine are soft; ratios of two things measured in turns are not.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from tests.support.clusters import cluster_manager
from tests.support.gateways import run_gateway

from . import idle, roundtrips, starts

CATALOG = Path(__file__).parent / "catalog.yaml"


def line(what: str, measured: list[float], baseline: list[float], unit: str, scale: float) -> None:
    """One row: medians and the ratio of the medians."""
    ours, theirs = statistics.median(measured) * scale, statistics.median(baseline) * scale
    ratio = ours / theirs
    print(f"{what:<52} {ours:8.2f} {theirs:8.2f} {unit:<4} {ratio:6.2f} ×", flush=True)


def main() -> None:
    """Measure everything."""
    manager = cluster_manager()
    manager.create()
    kubeconfig = str(manager.kubeconfig)
    print(f"{'median of':<52} {'eg-ext':>8} {'baseline':>8} {'':<4} {'ratio':>8}")
    with (
        tempfile.TemporaryDirectory() as folder,
        run_gateway(Path(folder), CATALOG, kubeconfig) as gateway,
    ):
        alone = starts.alone(gateway, kubeconfig, rounds=15)
        line("start, one at a time / bare pod", alone.gateway, alone.bare, "s", 1)
        together = starts.together(gateway, kubeconfig, count=8, rounds=4)
        line(
            "start, 8 at once, until all run / 8 bare pods", together.gateway, together.bare, "s", 1
        )
        trips = roundtrips.measure(gateway, kubeconfig, rounds=300)
        line(
            "a cell's round trip / ZMQ straight to the pod", trips.gateway, trips.direct, "ms", 1e3
        )
    counted = idle.measure(kubeconfig, CATALOG, kernels=5, seconds=60)
    what = "requests to the API server per idle kernel-minute"
    print(f"{what:<52} {counted.per_kernel_minute:8.2f}")


if __name__ == "__main__":
    main()
