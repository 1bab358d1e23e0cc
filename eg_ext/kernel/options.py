"""The launcher's command line.

Read by hand, not with argparse: everything before the kernel is spawned is on the critical path
of a start, and this is four options.
"""

from __future__ import annotations

import signal

from .errors import LaunchError

USAGE = """\
usage: eg-ext-kernel [--interrupt SIGNAL|message] [--grace SECONDS] [--termination-log PATH]
                     -- PROGRAM [ARGUMENT…]

Starts a Jupyter kernel with the connection of the environment variable EG_EXT_CONNECTION;
{connection_file} in the arguments becomes the path of the kernel's connection file.

  --interrupt        what an interrupt_request becomes: the name of a signal (default SIGINT),
                     or "message" for a kernel that answers interrupt_request itself
  --grace            seconds that a kernel has to end after SIGTERM (default 5)
  --termination-log  file that gets the reason of the end (default /dev/termination-log)
"""

PLACEHOLDER = "{connection_file}"


class Options:
    """The command line, checked. A plain class: dataclasses and typing cost milliseconds."""

    def __init__(self, argv: list[str]) -> None:
        self.argv = argv
        """The kernel's own command, with ``{connection_file}`` still in it."""
        self.interrupt: int | None = int(signal.SIGINT)
        """Number of the signal that interrupts the kernel; None: the kernel gets the message."""
        self.grace = 5.0
        """Seconds from SIGTERM to the end, whatever the kernel does."""
        self.termination_log = "/dev/termination-log"
        """Path of the file that Kubernetes reads the reason from."""


def parse(arguments: list[str]) -> Options:
    """Read ``arguments`` (without the program's name).

    Raises:
        LaunchError: an option or its value is wrong, or the kernel's command is missing.
    """
    given: dict[str, str] = {}
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if name not in ("--interrupt", "--grace", "--termination-log"):
            raise LaunchError(
                f"Unknown argument {word!r} before '--': the kernel's command comes after '--'."
            )
        if not equals:
            found = next(rest, None)
            if found is None or found == "--":
                raise LaunchError(f"The option {name} needs a value.")
            value = found
        given[name] = value
    argv = list(rest)
    if not argv or not argv[0]:
        raise LaunchError("The kernel's command is missing: it comes after '--'.")
    if not any(PLACEHOLDER in word for word in argv):
        raise LaunchError(
            f"The kernel's command has no {PLACEHOLDER}: the kernel would not know its ports."
        )
    options = Options(argv)
    if "--interrupt" in given:
        options.interrupt = parse_interrupt(given["--interrupt"])
    if "--grace" in given:
        options.grace = parse_grace(given["--grace"])
    if "--termination-log" in given:
        options.termination_log = given["--termination-log"]
    return options


def parse_interrupt(word: str) -> int | None:
    """Return the number of the signal called ``word``, or None for ``message``."""
    if word == "message":
        return None
    try:
        number = signal.Signals[word]
    except KeyError:
        raise LaunchError(
            f"--interrupt {word!r} is neither 'message' nor the name of a signal such as SIGINT."
        ) from None
    if number in (signal.SIGKILL, signal.SIGSTOP):
        raise LaunchError(f"--interrupt {word}: no kernel can handle this signal.")
    return int(number)


def parse_grace(word: str) -> float:
    """Return ``word`` as a number of seconds between 0 and one day."""
    try:
        seconds = float(word)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86400:
        raise LaunchError(f"--grace {word!r} is not a number of seconds between 0 and 86400.")
    return seconds
