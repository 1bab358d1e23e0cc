"""The launcher's command line."""

from __future__ import annotations

import signal

import pytest

from eg_ext.kernel.errors import LaunchError
from eg_ext.kernel.options import parse

KERNEL = ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]


def test_only_a_command_is_needed() -> None:
    options = parse(["--", *KERNEL])
    assert options.argv == KERNEL
    assert options.interrupt == signal.SIGINT
    assert options.grace == 5
    assert options.termination_log == "/dev/termination-log"


@pytest.mark.parametrize(
    ("given", "interrupt"),
    [("SIGINT", signal.SIGINT), ("SIGUSR2", signal.SIGUSR2), ("message", None)],
)
def test_interrupts_are_named(given: str, interrupt: int | None) -> None:
    assert parse(["--interrupt", given, "--", *KERNEL]).interrupt == interrupt
    assert parse([f"--interrupt={given}", "--", *KERNEL]).interrupt == interrupt


def test_what_follows_the_two_dashes_is_the_kernels() -> None:
    argv = ["sh", "--grace", "x", "--", "{connection_file}", ""]
    assert parse(["--grace", "2.5", "--termination-log", "/x", "--", *argv]).argv == argv


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "command is missing"),
        (["--"], "command is missing"),
        (["--", ""], "command is missing"),
        (["--", "python", "-m", "ipykernel_launcher"], "no {connection_file}"),
        (["python", "{connection_file}"], "Unknown argument 'python'"),
        (["--intrrupt", "SIGINT", "--", *KERNEL], "Unknown argument '--intrrupt'"),
        (["--interrupt", "--", *KERNEL], "--interrupt needs a value"),
        (["--grace"], "--grace needs a value"),
        (["--interrupt", "INT", "--", *KERNEL], "neither 'message' nor the name of a signal"),
        (["--interrupt", "SIG_DFL", "--", *KERNEL], "neither 'message' nor the name of a signal"),
        (["--interrupt", "SIGKILL", "--", *KERNEL], "no kernel can handle this signal"),
        (["--grace", "soon", "--", *KERNEL], "not a number of seconds"),
        (["--grace", "-1", "--", *KERNEL], "not a number of seconds"),
        (["--grace", "nan", "--", *KERNEL], "not a number of seconds"),
        (["--grace", "inf", "--", *KERNEL], "not a number of seconds"),
    ],
)
def test_mistakes_are_explained(arguments: list[str], part: str) -> None:
    with pytest.raises(LaunchError) as caught:
        parse(arguments)
    assert part in str(caught.value)
    assert caught.value.exit_code == 2
