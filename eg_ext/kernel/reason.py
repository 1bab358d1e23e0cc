"""Why did the kernel end? One sentence for a person, and the exit code for the container."""

from __future__ import annotations

import os
import signal


class Memory:
    """What the control group says of memory; either is None where it cannot be read."""

    def __init__(self, limit: int | None, kills: int | None) -> None:
        self.limit = limit
        """Bytes; None also for "no limit"."""
        self.kills = kills
        """Processes that were killed because the limit was reached, since the group exists."""


def read_memory() -> Memory:
    """Read this process's memory group, version 1 or 2.

    Inside a container the group is usually mounted as the root of the file system; elsewhere
    ``/proc/self/cgroup`` says where it is.
    """
    v1, v2 = "", ""
    for line in _lines("/proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            v2 = path
        elif "memory" in controllers.split(","):
            v1 = path
    root = "/sys/fs/cgroup"
    for folder, limit, counters in (
        (f"{root}/memory{v1}", "memory.limit_in_bytes", "memory.oom_control"),
        (f"{root}/memory", "memory.limit_in_bytes", "memory.oom_control"),
        (f"{root}{v2}", "memory.max", "memory.events"),
        (root, "memory.max", "memory.events"),
    ):
        kills = [line.split()[1] for line in _lines(f"{folder}/{counters}") if "oom_kill " in line]
        if kills:
            value = "".join(_lines(f"{folder}/{limit}"))
            # Version 1 says "no limit" with the largest multiple of a page in 63 bits.
            bounded = value.isdigit() and int(value) < 1 << 62
            return Memory(int(value) if bounded else None, int(kills[0]))
    return Memory(None, None)


def _lines(path: str) -> list[str]:
    """Return the lines of a small file of the kernel's, none if it is not there."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 (pathlib costs milliseconds)
            return file.read().splitlines()
    except OSError:
        return []


def out_of_memory(before: Memory, after: Memory) -> bool:
    """Return whether a process of the group was killed for memory between two readings."""
    return after.kills is not None and after.kills > (before.kills or 0)


def sentence(
    exit_code: int,
    *,
    asked: bool = False,
    stopped: bool = False,
    overdue: bool = False,
    memory: Memory | None = None,
) -> str:
    """Say why a kernel ended.

    Args:
        exit_code: as a child process reports it; negative for a signal.
        asked: a client had sent ``shutdown_request``.
        stopped: the launcher had been told to stop (SIGTERM).
        overdue: and the launcher had to kill the kernel, since the time was over.
        memory: the limit, if the kernel was killed for it.
    """
    if memory is not None:
        limit = "" if memory.limit is None else f" (limit {memory.limit} bytes)"
        return f"The kernel was killed: out of memory{limit}."
    if overdue:
        return "The kernel was stopped with its pod; it had not ended in time and was killed."
    if stopped:
        return "The kernel was stopped with its pod."
    if exit_code < 0:
        return f"The kernel was killed by signal {signal_name(-exit_code)}."
    if asked and exit_code == 0:
        return "The kernel was shut down as a client asked."
    if asked:
        return f"The kernel was shut down as a client asked, with exit code {exit_code}."
    return f"The kernel ended with exit code {exit_code}."


def signal_name(number: int) -> str:
    """Return ``SIGSEGV`` for 11; a number for a signal without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def container_code(exit_code: int) -> int:
    """Return what the container exits with: the kernel's own code, or 128 + signal."""
    return 128 - exit_code if exit_code < 0 else exit_code


def write_termination_message(path: str, text: str) -> None:
    """Put ``text`` where Kubernetes reads it.

    The kubelet makes the file; where there is none, nobody would read it, so none is made.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC)
    except FileNotFoundError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
