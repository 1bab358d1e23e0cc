"""Coroutines that are waited for by code that is not one."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from eg_ext.jobs.waiting import run_in_thread


class Interrupted(Exception):
    """What a scheduler's signal handler might raise."""


@pytest.fixture
def handler() -> Iterator[None]:
    """Let SIGUSR1 raise in the main thread."""

    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield
    signal.signal(signal.SIGUSR1, before)


def test_the_result_is_returned() -> None:
    async def main() -> int:
        await asyncio.sleep(0)
        return 42

    assert run_in_thread(main) == 42


def test_an_error_is_raised() -> None:
    async def main() -> None:
        raise LookupError("not there")

    with pytest.raises(LookupError, match="not there"):
        run_in_thread(main)


async def test_it_runs_below_a_loop_that_runs() -> None:
    async def main() -> int:
        await asyncio.sleep(0)
        return 42

    assert run_in_thread(main) == 42


@pytest.mark.usefixtures("handler")
def test_whatever_ends_the_wait_cancels_and_lets_clean_up() -> None:
    steps = []

    async def main() -> None:
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.1)
            steps.append("cleaned up")

    with pytest.raises(Interrupted):
        run_in_thread(main)
    assert steps == ["cleaned up"]


@pytest.mark.usefixtures("handler")
def test_the_second_interrupt_does_not_wait_for_the_clean_up() -> None:
    blocked, cleaned_up = threading.Event(), []

    async def main() -> None:
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
            await asyncio.sleep(60)
        finally:
            os.kill(os.getpid(), signal.SIGUSR1)
            await asyncio.to_thread(blocked.wait, 60)
            cleaned_up.append(True)

    with pytest.raises(Interrupted):
        run_in_thread(main)
    assert cleaned_up == []
    blocked.set()


def test_sigterm_is_left_to_whoever_handles_it() -> None:
    seen = []
    before = signal.signal(signal.SIGTERM, lambda *_: seen.append("handled"))
    try:

        async def main() -> str:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.1)
            return "went on"

        assert run_in_thread(main) == "went on"
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == ["handled"]


def test_sigterm_that_nobody_handles_exits_after_the_clean_up() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:

        async def main() -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(60)

        with pytest.raises(SystemExit) as exit_info:
            run_in_thread(main)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
    assert exit_info.value.code == 143
