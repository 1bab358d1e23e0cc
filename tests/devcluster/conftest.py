"""Clusters for the tests of devcluster itself, beside the one that other tests use."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from devcluster.binaries import ensure_binaries
from tests.devcluster.harness import Command, without_rights


@pytest.fixture(scope="session")
def compiled() -> None:
    """The programs of a cluster: minutes the first time, nothing afterwards."""
    ensure_binaries()


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("nodes need root")


@pytest.fixture
def command(compiled: None, as_root: None) -> Iterator[Command]:
    """A command whose cluster is removed after the test."""
    command = Command()
    yield command
    command("down")


@pytest.fixture
def without_root(compiled: None) -> Iterator[Command]:
    """A command that does not run as root; its cluster is removed after the test."""
    if os.geteuid() == 0 and not Path("/usr/bin/python3").exists():
        pytest.skip("needs a Python that every user may run")
    with tempfile.TemporaryDirectory(prefix="eg-ext-") as folder:
        command = without_rights(Path(folder))
        yield command
        command("down")
