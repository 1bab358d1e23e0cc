"""A signed ``interrupt_request`` becomes the signal that the kernel understands."""

from __future__ import annotations

import signal
import time

import pytest
import zmq

from .conftest import Launch
from .running import IPYKERNEL, PYTHON, Launched, ask, begin, children, execute, reply, wait_until

pytestmark = pytest.mark.jobs

SLEEP = "import time\ntime.sleep(600)"


def test_a_sleeping_cell_is_interrupted(running: Launched) -> None:
    client = running.client()
    request = begin(client, SLEEP)
    answer = ask(client, "interrupt_request")
    assert answer["msg_type"] == "interrupt_reply"
    assert answer["content"] == {"status": "ok"}
    assert reply(client, request)["ename"] == "KeyboardInterrupt"
    assert execute(client, "print('next')").strip() == "next"


def test_the_reply_belongs_to_the_request(running: Launched) -> None:
    client = running.client()
    message = client.session.msg("interrupt_request", {})
    client.control_channel.send(message)
    answer = client.get_control_msg(timeout=30)
    assert answer["parent_header"]["msg_id"] == message["header"]["msg_id"]
    assert answer["header"]["version"].startswith("5.")


def test_an_idle_kernel_lives_on(running: Launched) -> None:
    client = running.client()
    for _ in range(3):
        ask(client, "interrupt_request")
    assert execute(client, "print('here')").strip() == "here"


def test_programs_that_the_cell_started_are_interrupted_with_it(running: Launched) -> None:
    client = running.client()
    request = begin(client, "import subprocess\nsubprocess.run(['sleep', '600'])")
    ask(client, "interrupt_request")
    assert reply(client, request)["ename"] == "KeyboardInterrupt"


def test_sigint_to_the_launcher_interrupts_too(running: Launched) -> None:
    client = running.client()
    request = begin(client, SLEEP)
    running.process.send_signal(signal.SIGINT)
    assert reply(client, request)["ename"] == "KeyboardInterrupt"


def test_a_request_to_a_kernel_that_takes_long_to_start_does_not_end_it(launch: Launch) -> None:
    # Longer than the launcher leaves it alone. SIGINT would be the end of it.
    slow = (
        "import runpy, time; time.sleep(5)\n"
        "runpy.run_module('ipykernel_launcher', run_name='__main__')"
    )
    launched = launch((PYTHON, "-c", slow, "-f", "{connection_file}"))
    send_when_open(launched, "interrupt_request")
    assert execute(launched.client(), "print('alive')").strip() == "alive"


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
def test_an_interrupt_at_any_moment_of_the_start_does_not_end_it(
    launch: Launch, delay: float
) -> None:
    launched = launch()
    wait_until(lambda: bool(children(launched.process.pid)), lambda: launched.output)
    time.sleep(delay)
    launched.process.send_signal(signal.SIGINT)
    assert execute(launched.client(), "print('alive')").strip() == "alive"


def test_listening_is_enough_where_the_control_channel_gives_no_answer(launch: Launch) -> None:
    program = (
        "import json, os, signal, sys, time, zmq\n"
        "info = json.load(open(sys.argv[1]))\n"
        "socket = zmq.Context().socket(zmq.ROUTER)\n"
        "socket.bind(f\"tcp://{info['ip']}:{info['control_port']}\")\n"
        "signal.signal(signal.SIGINT, lambda *_: os._exit(33))\n"
        "time.sleep(600)\n"
    )
    launched = launch((PYTHON, "-c", program, "{connection_file}"))

    def interrupted() -> bool:
        send_when_open(launched, "interrupt_request")
        return launched.process.poll() is not None

    wait_until(interrupted, lambda: launched.output)
    assert launched.end() == (33, "The kernel ended with exit code 33.")


def test_another_signal_is_sent_where_the_kernelspec_says_so(launch: Launch) -> None:
    launched = launch(options=("--interrupt", "SIGUSR2"))
    client = launched.client()
    execute(
        client,
        "import signal\n"
        "def note(number, frame): raise RuntimeError(signal.Signals(number).name)\n"
        "signal.signal(signal.SIGUSR2, note)",
    )
    request = begin(client, SLEEP)
    ask(client, "interrupt_request")
    assert reply(client, request)["evalue"] == "SIGUSR2"


def test_a_kernel_that_handles_the_message_gets_it(launch: Launch) -> None:
    # ipykernel does: it signals itself, and answers in its own name.
    launched = launch(IPYKERNEL, options=("--interrupt", "message"))
    client = launched.client()
    request = begin(client, SLEEP)
    answer = ask(client, "interrupt_request")
    assert answer["content"]["status"] == "ok"
    assert answer["header"]["username"] != "eg-ext"
    assert reply(client, request)["ename"] == "KeyboardInterrupt"


def send_when_open(launched: Launched, kind: str) -> None:
    """Send a signed control message without waiting for the kernel."""
    from jupyter_client.session import Session

    session = Session(key=launched.connection["key"].encode())
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.connect(f"tcp://{launched.connection['ip']}:{launched.connection['control_port']}")
    session.send(socket, kind, {})
    while not socket.poll(100) and launched.process.poll() is None:
        continue
    socket.close(0)
    context.term()
