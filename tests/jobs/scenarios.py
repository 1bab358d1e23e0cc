"""What a job must do, whichever gateway runs it.

A test class inherits these and has a fixture ``gateway`` that returns a
:class:`~tests.jobs.running.JobGateway`.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ..support.wires import Proxy
from .running import PATIENCE, REPOSITORY, JobGateway, Jobs

SILENT = 40  # seconds; longer than the gateway's and the client's patience for a pong
SLEEP = "print('cell runs', flush=True); import time; time.sleep({seconds}); print('cell ended')"
EXAMPLES = sorted((REPOSITORY / "examples" / "notebooks").glob("*.ipynb"))


class Scenarios:
    """A gateway, papermill, and what goes well or wrong between them."""

    def test_a_parameter_reaches_the_notebook(self, gateway: JobGateway, jobs: Jobs) -> None:
        code, job = jobs.run(gateway, "x = 1", "print('x is', x); x + 1", options=("-p", "x", "41"))
        assert code == 0, job.said
        assert job.printed == "x is 41\n"
        assert job.result == "42"
        assert gateway.running() == set()

    def test_a_failing_cell_ends_the_run_with_its_error(
        self, gateway: JobGateway, jobs: Jobs
    ) -> None:
        code, job = jobs.run(gateway, "1 / 0", "print('later')")
        assert code == 1
        assert job.statuses == ["failed", "pending"]
        assert job.error["ename"] == "ZeroDivisionError"
        assert "later" not in job.printed
        assert "ZeroDivisionError: division by zero" in job.said
        assert gateway.running() == set()

    @pytest.mark.parametrize(
        "death", ["os._exit(3)", "os.kill(os.getpid(), 9)", "os.kill(os.getpid(), 11)"]
    )
    def test_a_dead_kernel_ends_the_run(self, gateway: JobGateway, jobs: Jobs, death: str) -> None:
        code, job = jobs.run(gateway, f"import os; {death}", "print('later')")
        assert code == 138  # papermill's own code for a dead kernel
        assert job.statuses == ["failed", "pending"]
        assert job.error["ename"] == "KernelDied"
        assert job.error["evalue"] in job.said
        assert gateway.running() == set()

    def test_a_silent_cell_is_waited_for_and_costs_nothing(
        self, gateway: JobGateway, jobs: Jobs
    ) -> None:
        code, short = jobs.run(gateway, SLEEP.format(seconds=0))
        assert code == 0, short.said
        code, long = jobs.run(gateway, SLEEP.format(seconds=SILENT))
        assert code == 0, long.said
        assert long.printed == "cell runs\ncell ended\n"
        assert "Connecting again" not in long.said
        assert long.cpu_seconds - short.cpu_seconds < SILENT / 10

    def test_an_unknown_kernel_is_answered_with_those_that_exist(
        self, gateway: JobGateway, jobs: Jobs
    ) -> None:
        code, job = jobs.run(gateway, "1", kernel=gateway.kernel + "x")
        assert code == 1
        assert f"no kernel '{gateway.kernel}x'. Did you mean '{gateway.kernel}'?" in job.said
        assert "Traceback" not in job.said

    def test_a_wrong_token_is_named(self, gateway: JobGateway, jobs: Jobs) -> None:
        environ = {"JUPYTER_GATEWAY_AUTH_TOKEN": "wrong"}
        code, job = jobs.run(gateway, "1", environ=environ)
        assert code == 1
        assert f"Error: The gateway at {gateway.url} does not accept the token (401)" in job.said
        assert "Traceback" not in job.said

    @pytest.mark.parametrize(
        ("number", "expected"), [(signal.SIGTERM, 143), (signal.SIGINT, 1)], ids=["TERM", "INT"]
    )
    def test_a_run_that_is_stopped_takes_its_kernel_along(
        self, gateway: JobGateway, jobs: Jobs, number: signal.Signals, expected: int
    ) -> None:
        job = jobs.start(gateway, SLEEP.format(seconds=PATIENCE), "print('later')")
        job.until("cell runs")
        assert len(gateway.running()) == 1
        job.signal(number)
        assert job.wait() == expected, job.said
        assert gateway.running() == set()
        assert job.statuses == ["failed", "pending"]
        assert job.error["ename"] == "Stopped"

    def test_a_run_that_is_stopped_while_its_kernel_starts_leaves_none(
        self, gateway: JobGateway, jobs: Jobs, proxy: Proxy
    ) -> None:
        proxy.hold_answers()
        job = jobs.start(gateway.through(proxy.url), "1")
        _wait_for(lambda: len(gateway.running()) == 1)
        job.signal(signal.SIGTERM)
        time.sleep(1)
        proxy.release_answers()
        assert job.wait() == 143, job.said
        assert gateway.running() == set()

    def test_a_connection_that_breaks_comes_back_with_what_was_said_meanwhile(
        self, gateway: JobGateway, jobs: Jobs, proxy: Proxy
    ) -> None:
        cell = (
            "import time\n"
            "for number in range(8):\n"
            "    print('line', number, flush=True); time.sleep(2)"
        )
        job = jobs.start(gateway.through(proxy.url), cell, "print('the end')")
        # What is on its way at the moment of the cut is lost: no side of the protocol counts. So
        # the cut falls into a pause, and the lines that follow find no connection.
        job.until("line 1\n")
        proxy.refuse()
        time.sleep(5)
        assert "line 2\n" not in job.said
        proxy.accept()
        job.until("line 5\n")
        proxy.cut()
        assert job.wait() == 0, job.said
        assert job.said.count("Connecting again") == 2
        lines = "".join(f"line {number}\n" for number in range(8))
        assert job.printed == lines + "the end\n"
        assert gateway.running() == set()

    def test_an_answer_that_got_lost_ends_the_run(
        self, gateway: JobGateway, jobs: Jobs, proxy: Proxy
    ) -> None:
        job = jobs.start(gateway.through(proxy.url), SLEEP.format(seconds=2), "print('later')")
        job.until("cell runs")
        proxy.swallow()
        (kernel_id,) = gateway.running()
        idle = f"/api/kernels/{kernel_id}"
        _wait_for(lambda: gateway.get(idle)["execution_state"] == "idle")
        proxy.cut()
        assert job.wait() == 1, job.said
        assert job.error["ename"] == "ConnectionLost"
        assert "whether the cell succeeded is not known" in job.said
        assert "later" not in job.printed
        assert gateway.running() == set()

    def test_a_connection_that_stays_away_ends_the_run(
        self, gateway: JobGateway, jobs: Jobs, proxy: Proxy
    ) -> None:
        way = gateway.through(proxy.url)
        job = jobs.start_in_python(way, SLEEP.format(seconds=PATIENCE), reconnect_timeout=3)
        job.until("cell runs")
        (kernel_id,) = gateway.running()
        proxy.refuse()
        assert job.wait() == 1, job.said
        assert "did not come back" in job.said
        assert f"Kernel {kernel_id} may still run" in job.said
        assert gateway.running() == {kernel_id}

    def test_large_outputs_arrive_whole(self, gateway: JobGateway, jobs: Jobs) -> None:
        code, job = jobs.run(gateway, "print('x' * 10_000_000)\n'y' * 12_000_000")
        assert code == 0, job.said[-2000:]
        assert job.printed == "x" * 10_000_000 + "\n"
        assert job.result == repr("y" * 12_000_000)

    def test_a_question_to_nobody_ends_the_run(self, gateway: JobGateway, jobs: Jobs) -> None:
        code, job = jobs.run(gateway, "input('name? ')")
        assert code == 1
        assert job.error["ename"] == "StdinNotImplementedError"

    def test_two_notebooks_run_side_by_side(self, gateway: JobGateway, jobs: Jobs) -> None:
        cells = ("x = 0", SLEEP.format(seconds=2), "x")
        both = [jobs.start(gateway, *cells, options=("-p", "x", str(x))) for x in (1, 2)]
        assert [job.wait() for job in both] == [0, 0]
        assert [job.result for job in both] == ["1", "2"]
        assert gateway.running() == set()

    def test_a_cell_over_its_time_is_interrupted(self, gateway: JobGateway, jobs: Jobs) -> None:
        cells = (SLEEP.format(seconds=PATIENCE), "print('later')")
        job = jobs.start_in_python(gateway, *cells, execution_timeout=3, interrupt_on_timeout=True)
        assert job.wait() == 1
        assert job.error["ename"] == "KeyboardInterrupt"
        assert "later" not in job.printed
        assert gateway.running() == set()

    def test_a_cell_over_its_time_ends_the_run(self, gateway: JobGateway, jobs: Jobs) -> None:
        cells = (SLEEP.format(seconds=PATIENCE), "print('later')")
        code, job = jobs.run(gateway, *cells, options=("--execution-timeout", "3"))
        assert code == 1
        assert job.error["ename"] == "CellTimeoutError"
        assert job.statuses == ["failed", "pending"]
        assert gateway.running() == set()

    @pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
    def test_an_example_runs(self, gateway: JobGateway, jobs: Jobs, path: Path) -> None:
        code, job = jobs.run(gateway, path=path)
        assert code == 0, job.said
        assert "\n" not in job.result.strip()
        assert gateway.running() == set()


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
