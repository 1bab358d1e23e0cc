"""The sentence that says why a kernel ended."""

from __future__ import annotations

import signal

import pytest

from eg_ext.kernel.reason import (
    Memory,
    container_code,
    out_of_memory,
    read_memory,
    sentence,
    signal_name,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (sentence(0), "The kernel ended with exit code 0."),
        (sentence(7), "The kernel ended with exit code 7."),
        (sentence(-11), "The kernel was killed by signal SIGSEGV."),
        (sentence(-40), "The kernel was killed by signal 40."),
        (sentence(0, asked=True), "The kernel was shut down as a client asked."),
        (
            sentence(3, asked=True),
            "The kernel was shut down as a client asked, with exit code 3.",
        ),
        (sentence(-11, asked=True), "The kernel was killed by signal SIGSEGV."),
        (sentence(0, stopped=True), "The kernel was stopped with its pod."),
        (sentence(-15, stopped=True, asked=True), "The kernel was stopped with its pod."),
        (
            sentence(-9, stopped=True, overdue=True),
            "The kernel was stopped with its pod; it had not ended in time and was killed.",
        ),
        (
            sentence(-9, memory=Memory(2147483648, 1)),
            "The kernel was killed: out of memory (limit 2147483648 bytes).",
        ),
        (sentence(-9, memory=Memory(None, 1)), "The kernel was killed: out of memory."),
        (sentence(-9), "The kernel was killed by signal SIGKILL."),
    ],
)
def test_every_end_has_its_sentence(text: str, expected: str) -> None:
    assert text == expected


def test_container_codes_are_those_of_shells() -> None:
    assert [container_code(code) for code in (0, 1, 255, -9, -11)] == [0, 1, 255, 137, 139]


@pytest.mark.parametrize("number", sorted(signal.valid_signals()))
def test_every_signal_can_be_told(number: int) -> None:
    name = signal_name(number)
    assert name == str(number) or signal.Signals[name] == number


def test_only_a_new_kill_counts() -> None:
    assert not out_of_memory(Memory(1, 3), Memory(1, 3))
    assert out_of_memory(Memory(1, 3), Memory(1, 4))
    assert out_of_memory(Memory(None, None), Memory(1, 1))
    assert not out_of_memory(Memory(1, 3), Memory(None, None))


def test_this_machine_can_be_read() -> None:
    memory = read_memory()
    assert memory.limit is None or memory.limit > 0
    assert memory.kills is None or memory.kills >= 0
