"""The kernel runs as it would without a launcher, and knows nothing of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .conftest import Launch
from .running import PYTHON, Launched, ask, execute

pytestmark = pytest.mark.jobs


def test_a_cell_runs(running: Launched) -> None:
    assert execute(running.client(), "print(6 * 7)").strip() == "42"


def test_several_clients_get_their_own_replies(running: Launched) -> None:
    one, two = running.client(), running.client()
    for client in (one, two, one):
        answer = ask(client, "kernel_info_request")
        assert answer["msg_type"] == "kernel_info_reply"
        assert answer["parent_header"]["session"] == client.session.session


def test_buffers_pass_unchanged(running: Launched) -> None:
    client = running.client()
    message = client.session.msg("kernel_info_request")
    buffers = [bytes(range(256)), b"", b"x" * 100_000]
    client.session.send(client.control_channel.socket, message, buffers=buffers)
    assert client.get_control_msg(timeout=30)["msg_type"] == "kernel_info_reply"


def test_the_kernel_leads_its_own_group(running: Launched) -> None:
    told = execute(running.client(), "import os; print(os.getpid(), os.getpgid(0), os.getppid())")
    pid = running.kernel_pid
    assert told.split() == [str(pid), str(pid), str(running.process.pid)]


def test_the_kernel_has_default_signals_though_the_launcher_ignores_some(launch: Launch) -> None:
    # As under a gateway that was started with nohup, or in the background of a shell.
    around = ("sh", "-c", 'trap "" INT HUP USR1 PIPE; exec "$@"', "sh")
    program = "grep SigIgn /proc/self/status; echo {connection_file}"
    launched = launch(("sh", "-c", program), around=around)
    assert launched.end()[0] == 0
    (line,) = (line for line in launched.output.splitlines() if line.startswith("SigIgn"))
    # Signals 32 and 33 belong to the C library; nobody can set them.
    assert int(line.split()[1], 16) & ~(3 << 31) == 0


def test_the_key_is_neither_in_the_environment_nor_on_a_command_line(running: Launched) -> None:
    key = running.connection["key"]
    client = running.client()
    assert "EG_EXT_CONNECTION" not in execute(client, "import os; print(list(os.environ))")
    pid = running.kernel_pid
    assert key.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
    listing = subprocess.run(
        ["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True
    )
    assert key not in listing.stdout
    assert key not in running.output


def test_only_this_user_can_read_the_connection_file(running: Launched) -> None:
    running.client()
    (folder,) = running.temporary.iterdir()
    assert oct(folder.stat().st_mode & 0o777) == "0o700"
    (file,) = folder.iterdir()
    assert oct(file.stat().st_mode & 0o777) == "0o600"


def test_the_connection_file_is_gone_at_the_end(launch: Launch) -> None:
    launched = launch(("true", "{connection_file}"))
    assert launched.end()[0] == 0
    assert list(launched.temporary.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_passed_over(launch: Launch) -> None:
    launched = launch(("cat", "{connection_file}"), environment={"TMPDIR": "/proc/nowhere"})
    assert launched.end()[0] == 0
    assert '"shell_port": 9801' in launched.output


def test_what_the_kernel_writes_goes_to_the_log_unchanged(launch: Launch) -> None:
    program = r"import sys; sys.stdout.buffer.write(b'\xff\x00 out\n'); sys.exit('err')"
    launched = launch((PYTHON, "-c", program, "{connection_file}"))
    assert launched.end()[0] == 1
    assert b"\xff\x00 out\n" in launched.log.read_bytes()
    assert b"err\n" in launched.log.read_bytes()


def test_unknown_keys_of_the_connection_reach_the_kernel(launch: Launch) -> None:
    launched = launch(("cat", "{connection_file}"))
    launched.end()
    assert '"kernel_name": "test"' in launched.output


def test_the_environment_is_otherwise_the_same(launch: Launch) -> None:
    launched = launch(("sh", "-c", "env; : {connection_file}"))
    launched.end()
    lines = set(launched.output.splitlines())
    for name in ("PATH", "HOME", "TMPDIR"):
        assert f"{name}={launched.environment[name]}" in lines
    assert not any(line.startswith("EG_EXT") for line in lines)


def test_nothing_runs_with_an_open_file_of_the_launcher(running: Launched) -> None:
    running.client()
    ours, theirs = (
        {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
        for pid in (running.process.pid, running.kernel_pid)
    )
    shared = {target for target in ours & theirs if target.startswith(("socket:", "pipe:"))}
    assert shared == set()
