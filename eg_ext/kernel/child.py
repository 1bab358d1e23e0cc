"""The kernel as a child process, and the duties of process 1."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Mapping

from .errors import NOT_EXECUTABLE, NOT_FOUND, LaunchError


class Child:
    """A started kernel: a process that leads a process group of its own."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.exit_code: int | None = None
        """None while it runs; negative for a signal."""

    def signal(self, number: int) -> bool:
        """Send a signal to the kernel's group, as jupyter_client does for a local kernel.

        Returns:
            False if nothing of the group is left to be signalled.
        """
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def kill(self) -> None:
        """End the whole group at once and collect it, waiting one second at most."""
        self.signal(signal.SIGKILL)
        for _ in range(100):
            if self.reap():
                return
            time.sleep(0.01)

    def reap(self) -> bool:
        """Collect every child that has ended, orphans too; return whether the kernel has.

        What the kernel leaves behind in its group is killed before the kernel itself is
        collected: until then its number cannot belong to somebody else.
        """
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                break
            if ended is None:
                break
            if ended.si_pid == self.pid:
                self.signal(signal.SIGKILL)
            _, status = os.waitpid(ended.si_pid, 0)
            if ended.si_pid == self.pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code is not None


def spawn(argv: list[str], environment: Mapping[str, str]) -> Child:
    """Start ``argv`` in a process group of its own, every signal back at its default.

    Ignored signals would be inherited: a JVM never sees a SIGINT that its parent ignores, and
    Python itself ignores SIGPIPE. A group rather than a session, since not every Python build
    can ask for a session here.

    Raises:
        LaunchError: the program is missing or cannot be executed.
    """
    defaults = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    try:
        pid = os.posix_spawnp(
            argv[0], argv, environment, setpgroup=0, setsigmask=(), setsigdef=defaults
        )
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise LaunchError(
                f"The kernel's program {argv[0]!r} is not in this image (PATH is "
                f"{environment.get('PATH', '')!r}).",
                NOT_FOUND,
            ) from None
        raise LaunchError(
            f"The kernel's program {argv[0]!r} cannot be executed: {error.strerror}.",
            NOT_EXECUTABLE,
        ) from None
    return Child(pid)
