"""A gateway as `eg-ext serve` runs it, shared by the tests of one worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.gateways import RunningGateway, run_gateway

CATALOG = Path(__file__).parent / "catalog.yaml"


@pytest.fixture(scope="session")
def gateway(kubeconfig: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """Our gateway with the tests' catalog."""
    with run_gateway(tmp_path_factory.mktemp("gateway"), CATALOG, kubeconfig) as running:
        yield running
