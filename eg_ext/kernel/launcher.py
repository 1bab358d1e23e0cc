"""``eg-ext-kernel``: starts a Jupyter kernel unchanged and stands between it and the cluster.

The order is the point of this module. The kernel is spawned first, with as little imported as
possible, since every millisecond before that is one that a user waits. pyzmq is imported when
the kernel listens: on one processor its import would compete with the kernel's own start. The
public control port is open all the while, and what clients send there waits.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time

from . import connection as connections
from . import reason
from .child import Child, spawn
from .errors import LaunchError
from .options import PLACEHOLDER, USAGE, Options, parse
from .wakeup import Wakeup


def main() -> int:
    """Run the command line in ``sys.argv`` and return the container's exit code."""
    if sys.argv[1:2] in (["--help"], ["-h"]):
        print(USAGE, end="")
        return 0
    log = "/dev/termination-log"
    try:
        options = parse(sys.argv[1:])
        log = options.termination_log
        return launch(options)
    except LaunchError as error:
        finish(log, f"The kernel could not be started: {error}")
        return error.exit_code


PATIENCE = 3.0
"""Seconds that the launcher leaves a starting kernel alone before it reads messages at all."""


def launch(options: Options) -> int:
    """Start the kernel, see it through to its end, and return the container's exit code.

    Raises:
        LaunchError: there is no kernel, or no control port for it; nothing of it is left.
    """
    wakeup = Wakeup()
    connection = connections.loads(os.environ.pop(connections.VARIABLE, None))
    listener = connections.listen(connection)
    info = connections.kernel_info(connection)
    memory = reason.read_memory()
    path = connections.write_file(info)
    try:
        argv = [word.replace(PLACEHOLDER, path) for word in options.argv]
        child = spawn(argv, os.environ)
        try:
            leave_alone(connection, wakeup)
            return supervise(
                options, connection, listener, info["control_port"], child, wakeup, memory
            )
        finally:
            if child.exit_code is None:
                child.kill()
    finally:
        connections.remove_file(path)


def leave_alone(connection: connections.Connection, wakeup: Wakeup) -> None:
    """Return when the kernel listens, a signal came, or :data:`PATIENCE` is over."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if select.select([wakeup.readable], [], [], 0.01)[0] or connections.listens(connection):
            return


def supervise(
    options: Options,
    connection: connections.Connection,
    listener: socket.socket,
    kernel_port: int,
    child: Child,
    wakeup: Wakeup,
    before: reason.Memory,
) -> int:
    """Relay and wait until the kernel has ended; write the reason; return the exit code."""
    try:
        import functools

        from .relay import Relay
        from .supervisor import Supervisor
    except ImportError as error:
        raise LaunchError(f"The image lacks a part of the launcher ({error}).") from None

    number = options.interrupt
    interrupt = None if number is None else lambda: child.signal(number)
    relay = Relay(connection, listener, kernel_port, interrupt, say)
    try:
        listens = functools.partial(connections.listens, connection)
        supervisor = Supervisor(child, relay, wakeup, listens, options.grace)
        supervisor.run()
    finally:
        relay.close()
    exit_code = -9 if child.exit_code is None else child.exit_code
    after = reason.read_memory()
    killed_for_memory = exit_code == -9 and reason.out_of_memory(before, after)
    text = reason.sentence(
        exit_code,
        asked=relay.shutdown_asked,
        stopped=supervisor.stopping,
        overdue=supervisor.overdue,
        memory=after if killed_for_memory else None,
    )
    finish(options.termination_log, text)
    return reason.container_code(exit_code)


def finish(log: str, text: str) -> None:
    """Tell why it ended: in the container's log and in its termination message."""
    say(text)
    try:
        reason.write_termination_message(log, text)
    except OSError as error:
        say(f"The termination message {log!r} cannot be written: {error.strerror}.")


def say(text: str) -> None:
    """Write one line to the container's log, between the kernel's own lines."""
    print(f"eg-ext-kernel: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
