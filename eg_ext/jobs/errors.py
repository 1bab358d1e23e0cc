"""The errors of a run that are not an error of a cell.

They are click's exceptions because papermill's command line is click's: the user reads one sentence
there instead of a traceback. In a program they are exceptions like any other.
"""

from __future__ import annotations

import click
from nbclient.exceptions import DeadKernelError


class GatewayError(click.ClickException):
    """The notebook could not be run to its end; ``message`` is a sentence for the user."""


class GatewayUnreachable(GatewayError):
    """Nothing that speaks HTTP answers at the gateway's URL, or not in time."""


class GatewayRefused(GatewayError):
    """The gateway answered, and its answer was no.

    :ivar status: the HTTP status, 300 to 599.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ConnectionLost(GatewayError):
    """The connection broke, and with it an answer that cannot be had again."""


class KernelDied(GatewayError, DeadKernelError):
    """The kernel ended before the notebook did; the message has the reason if one is known.

    papermill's command line knows the second base class: it exits with 138 then.
    """
