"""Jobs against a stock Enterprise Gateway whose kernels run on this machine: no cluster."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ..support.wires import Proxy
from .conftest import RunGateway
from .running import JobGateway, Jobs
from .scenarios import Scenarios

pytestmark = pytest.mark.jobs


@pytest.fixture(scope="session")
def local_gateway(run_local_gateway: RunGateway) -> Iterator[JobGateway]:
    with run_local_gateway() as gateway:
        yield gateway


@pytest.fixture
def gateway(local_gateway: JobGateway) -> Iterator[JobGateway]:
    yield local_gateway
    local_gateway.delete_all()


class TestStockGateway(Scenarios):
    """The scenarios of every gateway."""


def test_an_error_without_a_message_is_an_error(gateway: JobGateway, jobs: Jobs) -> None:
    code, job = jobs.run(gateway, "null error", "later", kernel="odd")
    assert code == 1
    assert "NotebookValidationError" not in job.said
    assert job.error == {
        "output_type": "error",
        "ename": "Exception",
        "evalue": "",
        "traceback": [],
    }
    assert job.statuses == ["failed", "pending"]


def test_a_kernel_that_asks_all_the_same_ends_the_run(gateway: JobGateway, jobs: Jobs) -> None:
    code, job = jobs.run(gateway, "ask all the same", kernel="odd")
    assert code == 1
    assert "asks for input" in job.error["evalue"]
    assert gateway.running() == set()


def test_the_gateways_reason_for_a_death_is_told(gateway: JobGateway, jobs: Jobs) -> None:
    code, job = jobs.run(gateway, "die with a reason", kernel="odd")
    assert code == 138
    assert job.error["evalue"] == "The kernel was killed: out of memory."
    assert job.said.rstrip().endswith("KernelDied: The kernel was killed: out of memory.")
    assert gateway.running() == set()


def test_a_run_that_is_stopped_before_its_kernel_answers_leaves_none(
    gateway: JobGateway, jobs: Jobs
) -> None:
    job = jobs.start(gateway, "1", kernel="late")
    while not gateway.running():
        assert job.process.poll() is None
    job.signal(signal.SIGTERM)
    assert job.wait() == 143, job.said
    assert gateway.running() == set()


def test_a_kernel_that_answers_late_is_waited_for(gateway: JobGateway, jobs: Jobs) -> None:
    code, job = jobs.run(gateway, "'late'", kernel="late")
    assert code == 0, job.said
    assert job.result == "'late'"


def test_a_kernel_that_does_not_answer_in_time_ends_the_run(
    gateway: JobGateway, jobs: Jobs
) -> None:
    code, job = jobs.run(gateway, "1", kernel="late", options=("--start-timeout", "2"))
    assert code == 1
    assert "Error: The kernel was started, but did not answer within 2 s." in job.said
    assert gateway.running() == set()


def test_a_start_that_takes_too_long_says_how_to_give_it_more_time(
    gateway: JobGateway, jobs: Jobs, proxy: Proxy
) -> None:
    proxy.hold_answers()
    code, job = jobs.run(gateway.through(proxy.url), "1", options=("--start-timeout", "1"))
    assert code == 1
    assert (
        "Error: Kernel 'plain' did not start within 1 s. Give more time with --start-timeout or "
        "JUPYTER_GATEWAY_REQUEST_TIMEOUT, more than the profile's start_timeout.\n"
    ) in job.said
    assert "Traceback" not in job.said


def test_a_kernel_that_is_deleted_by_somebody_else_ends_the_run(
    gateway: JobGateway, jobs: Jobs
) -> None:
    job = jobs.start(gateway, "print('cell runs', flush=True); import time; time.sleep(100)")
    job.until("cell runs")
    (kernel_id,) = gateway.running()
    gateway.delete(kernel_id)
    assert job.wait() == 138, job.said
    assert job.error["ename"] == "KernelDied"


def test_no_gateway_is_one_sentence(jobs: Jobs, unused_port: int) -> None:
    url = f"http://127.0.0.1:{unused_port}"
    code, job = jobs.run(JobGateway(url, "the token", "plain"), "1")
    assert code == 1
    assert f"Error: No gateway answers at {url}: Connection refused." in job.said
    assert "Traceback" not in job.said


def test_no_url_is_one_sentence(jobs: Jobs) -> None:
    code, job = jobs.run(JobGateway("", "the token", "plain"), "1")
    assert code == 1
    assert "Error: JUPYTER_GATEWAY_URL must be set" in job.said
    assert "Traceback" not in job.said


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (200, "answers, but not as a Jupyter gateway does. Is it the right URL?"),
        (302, "redirects to /login (302). Are JUPYTER_GATEWAY_URL and"),
        (503, "refused (503): Service Unavailable"),
    ],
)
def test_something_that_is_not_a_gateway_is_one_sentence(
    jobs: Jobs, status: int, sentence: str
) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            self.send_header("Location", "/login")
            self.end_headers()
            self.wfile.write(b"<html>")

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        code, job = jobs.run(JobGateway(url, "the token", "plain"), "1")
        server.shutdown()
    assert code == 1
    assert sentence in job.said
    assert "Traceback" not in job.said
