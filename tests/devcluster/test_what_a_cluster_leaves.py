"""Nothing: after `down`, after Ctrl-C, and after an `up` that follows a kill."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from devcluster.clusters import State
from devcluster.processes import find_all
from tests.devcluster.harness import Command, machine, pod, processes_of, traces

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("devcluster-traces")]

PAUSE = "localhost/eg-ext-devcluster/pause:1"


def test_down_leaves_nothing(command: Command) -> None:
    before = machine()
    command("up")
    command.apply(pod("one", PAUSE))
    command.wait("pod", "one", "condition=Ready")
    [address] = command.get("pod/one")["status"]["podIPs"]
    routed = subprocess.run(
        ["ip", "route", "get", address["ip"]], capture_output=True, text=True, check=True
    ).stdout
    assert command.cluster.bridge in routed
    assert len(traces(command.cluster)) > 20
    command("down")
    assert traces(command.cluster) == set()
    assert machine() == before


def test_up_recovers_where_everything_was_killed(command: Command) -> None:
    command("up")
    command.apply(pod("one", PAUSE))
    command.wait("pod", "one", "condition=Ready")
    # A process that is told to end at once cannot clean up: the bridge, the rules stay.
    for pid in find_all(command.cluster):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert "problem" in command("status", code=1)
    output = command("up")
    assert "Rebuilding" in output
    assert "is ready" in output
    assert command.get("pods")["items"] == []
    command("down")
    assert traces(command.cluster) == set()


def test_up_replaces_a_cluster_of_which_one_program_died(command: Command) -> None:
    command("up", "--control-plane")
    state = State.read(command.cluster)
    assert state is not None
    os.kill(state.processes["scheduler"], signal.SIGKILL)
    assert "scheduler does not run" in command("status", code=1)
    assert "scheduler does not run" in command("up", "--control-plane")
    command("status")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_up_cleans_up(command: Command, number: signal.Signals) -> None:
    process = command.start("up")
    end = time.monotonic() + 60
    while not list(command.cluster.logs.glob("*kubelet.log")):
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert traces(command.cluster) == {str(command.cluster.failed_logs)}


def test_cluster_outlives_the_session_that_started_it(command: Command) -> None:
    line = [*command.line("up", "--control-plane")]
    process = subprocess.Popen(
        line, cwd=command.folder, start_new_session=True, stdout=subprocess.DEVNULL
    )
    assert process.wait(timeout=120) == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, signal.SIGHUP)
    command("status")


def test_two_clusters_run_side_by_side(command: Command) -> None:
    other = Command()
    try:
        processes = [command.start("up"), other.start("up")]
        for process in processes:
            output, _ = process.communicate(timeout=200)
            assert process.returncode == 0, output
        for each in (command, other):
            each.apply(pod(each.name, PAUSE))
            each.wait("pod", each.name, "condition=Ready")
            assert [item["metadata"]["name"] for item in each.get("pods")["items"]] == [each.name]
        other("down")
        assert traces(other.cluster) == set()
        assert processes_of(command.cluster)
        command("status")
        forward = Path("/proc/sys/net/ipv4/ip_forward").read_text().strip()
        assert forward == "1"
    finally:
        other("down")
