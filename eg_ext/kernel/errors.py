"""What can go wrong before a kernel runs."""

from __future__ import annotations

USAGE = 2
"""Exit code for a launcher that was called wrongly, or an image that cannot run it."""
NOT_EXECUTABLE = 126
"""Exit code, as shells have it, for a program that is there and cannot be executed."""
NOT_FOUND = 127
"""Exit code, as shells have it, for a program that is not there."""


class LaunchError(Exception):
    """The kernel cannot be started; the text says why, in one sentence without secrets."""

    def __init__(self, message: str, exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code
