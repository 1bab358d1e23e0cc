"""However a kernel ends: the exit code is the kernel's, and one sentence says why."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Launch
from .running import PYTHON, ask, begin, children, execute, wait_until

pytestmark = pytest.mark.jobs

STUBBORN = (
    "import signal, time\n"
    "for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):\n"
    "    signal.signal(number, signal.SIG_IGN)\n"
    "print('stubborn', flush=True)\n"
    "time.sleep(600)\n"
)


# ---- by itself


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_exit_codes_are_passed_on(launch: Launch, code: int) -> None:
    launched = launch(("sh", "-c", f"exit {code}; {{connection_file}}"))
    assert launched.end() == (code, f"The kernel ended with exit code {code}.")
    assert f"eg-ext-kernel: The kernel ended with exit code {code}." in launched.output


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGKILL", "SIGUSR1"])
def test_a_signal_becomes_128_and_its_number(launch: Launch, name: str) -> None:
    launched = launch(("sh", "-c", f"kill -{name[3:]} $$; : {{connection_file}}"))
    number = signal.Signals[name]
    assert launched.end() == (128 + number, f"The kernel was killed by signal {name}.")


def test_a_cell_that_ends_the_process(launch: Launch) -> None:
    launched = launch()
    launched.client().execute("import os; os._exit(7)")
    assert launched.end() == (7, "The kernel ended with exit code 7.")


def test_without_a_termination_log_nothing_is_written(launch: Launch) -> None:
    launched = launch(("sh", "-c", 'rm "$0"; : {connection_file}', "termination-log"))
    launched.reason_file.unlink()
    assert launched.process.wait(30) == 0
    assert not launched.reason_file.exists()


# ---- as a client asks


def test_a_shutdown_request_ends_the_kernel_and_is_answered(launch: Launch) -> None:
    launched = launch()
    answer = ask(launched.client(), "shutdown_request", {"restart": False})
    assert answer["msg_type"] == "shutdown_reply"
    assert launched.end() == (0, "The kernel was shut down as a client asked.")


# ---- as Kubernetes asks: SIGTERM


def test_sigterm_is_a_polite_shutdown(launch: Launch, tmp_path: Path) -> None:
    launched = launch()
    note = tmp_path / "note"
    execute(
        launched.client(),
        f"import atexit, pathlib; atexit.register(pathlib.Path({str(note)!r}).write_text, 'bye')",
    )
    launched.process.terminate()
    assert launched.end() == (0, "The kernel was stopped with its pod.")
    assert note.read_text() == "bye"


def test_sigterm_in_a_running_cell_is_polite_too(launch: Launch, tmp_path: Path) -> None:
    launched = launch(options=("--grace", "20"))
    note = tmp_path / "note"
    begin(
        launched.client(),
        "import pathlib, time\n"
        "try: time.sleep(600)\n"
        f"finally: pathlib.Path({str(note)!r}).write_text('saved')",
    )
    launched.process.terminate()
    assert launched.end() == (0, "The kernel was stopped with its pod.")
    assert note.read_text() == "saved"


def test_sigterm_before_the_kernel_is_ready(launch: Launch) -> None:
    launched = launch(("sh", "-c", "echo started; sleep 600; : {connection_file}"))
    launched.wait_for_output("started")
    launched.process.terminate()
    assert launched.end() == (128 + 15, "The kernel was stopped with its pod.")


def test_sigterm_as_early_as_can_be(launch: Launch) -> None:
    launched = launch(options=("--grace", "2"))
    caught = Path(f"/proc/{launched.process.pid}/status")
    mask = 1 << (signal.SIGTERM - 1)

    def catches() -> bool:
        (line,) = (line for line in caught.read_text().splitlines() if line.startswith("SigCgt"))
        return bool(int(line.split()[1], 16) & mask)

    wait_until(catches, lambda: launched.output)
    launched.process.terminate()
    code, reason = launched.end()
    assert code in (0, 128 + 15)
    assert reason == "The kernel was stopped with its pod."


def test_a_kernel_that_ignores_sigterm_is_killed_within_the_grace(launch: Launch) -> None:
    launched = launch((PYTHON, "-c", STUBBORN, "{connection_file}"), options=("--grace", "1"))
    launched.wait_for_output("stubborn")
    launched.process.terminate()
    code, reason = launched.end()
    assert code == 128 + 9
    assert reason == "The kernel was stopped with its pod; it had not ended in time and was killed."


def test_an_ipykernel_that_does_not_listen_to_anything_is_killed(launch: Launch) -> None:
    launched = launch(options=("--grace", "1"))
    begin(
        launched.client(),
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "time.sleep(600)",
    )
    launched.process.terminate()
    assert launched.end()[0] == 128 + 9


def test_further_signals_change_nothing(launch: Launch) -> None:
    launched = launch((PYTHON, "-c", STUBBORN, "{connection_file}"), options=("--grace", "1"))
    launched.wait_for_output("stubborn")
    for _ in range(5):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            launched.process.send_signal(number)
        time.sleep(0.05)
    assert launched.end()[0] == 128 + 9


# ---- nothing stays


def test_what_the_kernel_started_ends_with_it(launch: Launch) -> None:
    launched = launch()
    client = launched.client()
    code = (
        "import subprocess; print(subprocess.Popen(['sh', '-c', 'trap \"\" TERM; sleep 600']).pid)"
    )
    left = int(execute(client, code))
    client.execute("import os; os._exit(0)")
    assert launched.end()[0] == 0
    wait_until(lambda: not_running(left), lambda: f"process {left} still runs")


def test_orphans_are_reaped(launch: Launch) -> None:
    # A process that adopts orphans, as process 1 of a container does.
    adopt = (
        "import ctypes, os, sys\n"
        "ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER\n"
        "os.execvp(sys.argv[1], sys.argv[1:])"
    )
    launched = launch(around=(PYTHON, "-c", adopt))
    client = launched.client()
    execute(client, "import subprocess; subprocess.run(['sh', '-c', '(setsid sleep 0.2 &)'])")
    wait_until(lambda: len(children(launched.process.pid)) == 2, lambda: "not adopted")
    wait_until(lambda: len(children(launched.process.pid)) == 1, lambda: "not reaped")
    assert execute(client, "print('here')").strip() == "here"


def not_running(pid: int) -> bool:
    """Return whether ``pid`` is gone, or dead and waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


# ---- as process 1 of a namespace of its own


@pytest.fixture
def as_process_1() -> tuple[str, ...]:
    """A command that makes another the first process of a new namespace."""
    command = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "--")
    if os.spawnvp(os.P_WAIT, command[0], [*command, "true"]) != 0:
        pytest.skip("no process namespaces here (they need root)")
    return command


def test_process_1_stops_politely(launch: Launch, as_process_1: tuple[str, ...]) -> None:
    launched = launch(around=as_process_1)
    told = execute(launched.client(), "import os; print(os.getppid())")
    assert told.strip() == "1"
    os.kill(launched.kernel_pid, signal.SIGTERM)  # The child of unshare is the launcher.
    assert launched.end() == (0, "The kernel was stopped with its pod.")


def test_process_1_reaps(launch: Launch, as_process_1: tuple[str, ...]) -> None:
    launched = launch(around=as_process_1)
    client = launched.client()
    execute(client, "import subprocess; subprocess.run(['sh', '-c', '(setsid sleep 0.2 &)'])")
    code = (
        "import os, pathlib, time\n"
        "def processes(): return [p for p in os.listdir('/proc') if p.isdigit()]\n"
        "end = time.monotonic() + 20\n"
        "while len(processes()) > 2 and time.monotonic() < end: time.sleep(0.05)\n"
        "print(len(processes()))"
    )
    assert execute(client, code).strip() == "2"


# ---- out of memory

LIMIT = 256 * 1024 * 1024


@pytest.fixture
def little_memory() -> Iterator[tuple[str, ...]]:
    """A command that runs another in a memory group with a small limit, version 1 or 2."""
    old = Path("/sys/fs/cgroup/memory")
    parent, limit = (
        (old, "memory.limit_in_bytes") if old.is_dir() else (Path("/sys/fs/cgroup"), "memory.max")
    )
    group = parent / f"eg-ext-test-{secrets.token_hex(4)}"
    try:
        group.mkdir()
        (group / limit).write_text(str(LIMIT))
    except OSError as error:
        pytest.skip(f"no memory group can be made here: {error}")
    yield ("sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh")
    wait_until(lambda: not (group / "cgroup.procs").read_text(), lambda: "the group is in use")
    group.rmdir()


def test_out_of_memory_is_told_with_the_limit(
    little_memory: tuple[str, ...], launch: Launch
) -> None:
    launched = launch(around=little_memory)
    launched.client().execute("x = bytearray(10**9); x[:] = b'x' * 10**9")
    reason = f"The kernel was killed: out of memory (limit {LIMIT} bytes)."
    assert launched.end() == (128 + 9, reason)
    launched.close()
