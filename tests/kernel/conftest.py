"""Fixtures of the launcher's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .running import Launched

Launch = Callable[..., Launched]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Starts launchers; ends them after the test."""
    launched: list[Launched] = []

    def start(*arguments: object, **options: object) -> Launched:
        folder = tmp_path / str(len(launched))
        folder.mkdir()
        launched.append(Launched(folder, *arguments, **options))  # type: ignore[arg-type]
        return launched[-1]

    yield start
    for one in launched:
        one.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """One launcher with ipykernel for all tests of a module."""
    launched = Launched(tmp_path_factory.mktemp("launcher"))
    yield launched
    launched.close()
