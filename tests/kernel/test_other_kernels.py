"""Any Jupyter kernel runs as it is: here one for another language."""

from __future__ import annotations

import pytest

from .conftest import Launch
from .running import PYTHON, ask, execute, reply

pytestmark = pytest.mark.jobs

BASH = (PYTHON, "-m", "bash_kernel", "-f", "{connection_file}")


def test_bash_runs_is_interrupted_and_stopped(launch: Launch) -> None:
    launched = launch(BASH)
    client = launched.client()
    assert execute(client, "echo $((6 * 7))").strip() == "42"
    request = client.execute("echo begun; sleep 600", stop_on_error=False)
    while "begun" not in str(client.get_iopub_msg(timeout=30)["content"].get("text")):
        continue
    assert ask(client, "interrupt_request")["content"] == {"status": "ok"}
    assert reply(client, request)["status"] in ("abort", "aborted")
    assert execute(client, "echo next").strip() == "next"
    # Asked to shut down, bash_kernel hangs now and then, with or without the launcher.
    launched.process.terminate()
    code, reason = launched.end()
    assert code in (0, 128 + 15)
    assert reason == "The kernel was stopped with its pod."
