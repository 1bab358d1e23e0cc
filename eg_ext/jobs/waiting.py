"""Run a coroutine to its end from code that is not one, whatever interrupts the wait."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")
WAIT = 1.0  # seconds


def run_in_thread(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run ``main()`` on an event loop in a thread of its own; return its result.

    * It works in a script, in a thread and in a notebook whose event loop already runs.
    * Whatever a signal handler raises in the caller's wait (KeyboardInterrupt, the exception of a
      scheduler that wants its task to end, SystemExit after SIGTERM) cancels the coroutine, lets
      it clean up, and is raised then.
    * A second one during the clean-up ends the wait at once.
    """
    result: concurrent.futures.Future[T] = concurrent.futures.Future()
    running: concurrent.futures.Future[Callable[[], object]] = concurrent.futures.Future()

    async def cancellable() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        running.set_result(lambda: loop.call_soon_threadsafe(task.cancel))
        return await main()

    def thread() -> None:
        try:
            result.set_result(asyncio.run(cancellable()))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            result.set_exception(error)

    # A daemon, so that an interpreter that was told twice to end does not wait for it.
    worker = threading.Thread(target=thread, name="eg-ext job", daemon=True)
    with _sigterm_raises():
        try:
            with _signals_later():
                worker.start()
            _wait(result)
        except BaseException:
            if worker.ident is not None:
                with contextlib.suppress(RuntimeError):  # the loop may have ended by itself
                    running.result()()
                _wait(result)
            raise
        return result.result()


def _wait(result: concurrent.futures.Future[Any]) -> None:
    """Wait until there is a result.

    A signal that arrives just before a wait begins does not end it: its handler runs after it. So
    there are many short ones.
    """
    while not concurrent.futures.wait([result], timeout=WAIT).done:
        pass


@contextlib.contextmanager
def _signals_later() -> Iterator[None]:
    """Let no signal handler run in here; a thread that is started in here leaves them to others."""
    handled = {number for number in signal.valid_signals() if callable(signal.getsignal(number))}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, handled)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Let SIGTERM raise SystemExit, unless the program has its own way with it.

    Left alone, SIGTERM ends the process without any clean-up, and a kernel would stay.
    """
    ours = threading.current_thread() is threading.main_thread() and (
        signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    )

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if ours:
        signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
