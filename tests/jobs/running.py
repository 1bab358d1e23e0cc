"""Notebooks run as a user runs them: papermill as a process, in an environment of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
JOBS_BIN = Path(os.environ.get("JOBS_BIN") or REPOSITORY / ".venv-jobs" / "bin")
"""Where papermill is; the variable names another environment, which needs eg_ext and ipykernel."""
PATIENCE = 120  # seconds after which a run that should have ended is taken to hang


@dataclass(frozen=True)
class JobGateway:
    """A gateway that the scenarios run against.

    :ivar kernel: name of a Python kernel that it has.
    :ivar user: who the kernels are for.
    """

    url: str
    token: str
    kernel: str
    user: str = "alice"

    def running(self) -> set[str]:
        """Ids of the kernels that it runs."""
        return {kernel["id"] for kernel in self.get("/api/kernels")}

    def get(self, path: str) -> Any:
        """The JSON that answers a GET."""
        return json.loads(self._request("GET", path))

    def delete(self, kernel_id: str) -> None:
        """Stop a kernel."""
        self._request("DELETE", f"/api/kernels/{kernel_id}")

    def delete_all(self) -> None:
        """Stop what a test left, so that the next one does not fail of it."""
        for kernel_id in self.running():
            self.delete(kernel_id)

    def _request(self, method: str, path: str) -> bytes:
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            body: bytes = answer.read()
            return body

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def through(self, url: str) -> JobGateway:
        """The same gateway by another way."""
        return JobGateway(url, self.token, self.kernel, self.user)


def notebook(*cells: str) -> dict[str, Any]:
    """A notebook of these code cells; one that begins with ``x =`` has the parameters."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"language_info": {"name": "python"}},
        "cells": [
            {
                "id": f"cell-{number}",
                "cell_type": "code",
                "metadata": {"tags": ["parameters"]} if source.startswith("x =") else {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for number, source in enumerate(cells)
        ],
    }


@dataclass
class Job:
    """A papermill process and what it leaves behind."""

    process: subprocess.Popen[bytes]
    log: Path
    output: Path
    cpu_seconds: float = field(default=0.0)

    @property
    def said(self) -> str:
        """All that the process wrote until now."""
        return self.log.read_text()

    def until(self, text: str) -> None:
        """Wait until the process wrote a text."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, f"still not said {text!r}: {self.said}"
            time.sleep(0.1)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """Wait for the end; return the exit code, and note the CPU time."""
        deadline = time.monotonic() + PATIENCE
        while True:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"still running: {self.said}")
            time.sleep(0.05)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        return self.process.returncode

    @property
    def code_cells(self) -> list[dict[str, Any]]:
        """The code cells of the notebook that was written."""
        cells = json.loads(self.output.read_text())["cells"]
        return [cell for cell in cells if cell["cell_type"] == "code"]

    @property
    def statuses(self) -> list[str]:
        return [cell["metadata"]["papermill"]["status"] for cell in self.code_cells]

    @property
    def printed(self) -> str:
        """Everything on stdout of all cells."""
        return "".join(
            "".join(output["text"])
            for cell in self.code_cells
            for output in cell["outputs"]
            if output.get("name") == "stdout"
        )

    @property
    def result(self) -> str:
        """The text of the last cell's last result."""
        return "".join(self.code_cells[-1]["outputs"][-1]["data"]["text/plain"])

    @property
    def error(self) -> dict[str, Any]:
        """The last error that the notebook has."""
        errors: list[dict[str, Any]] = [
            output
            for cell in self.code_cells
            for output in cell["outputs"]
            if output["output_type"] == "error"
        ]
        return errors[-1]


class Jobs:
    """Starts papermill in a folder; ends what still runs when the test is over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Job] = []

    def start(
        self,
        gateway: JobGateway,
        *cells: str,
        kernel: str | None = None,
        options: tuple[str, ...] = (),
        environ: dict[str, str] | None = None,
        path: Path | None = None,
    ) -> Job:
        """``papermill --engine eg-ext -k KERNEL OPTIONS in.ipynb out.ipynb``."""
        source, output = self._files(cells, path)
        command = [
            str(JOBS_BIN / "papermill"),
            *("--engine", "eg-ext", "-k", kernel or gateway.kernel, "--log-output"),
            *options,
            *(str(source), str(output)),
        ]
        return self._start(command, gateway, output, environ or {})

    def start_in_python(self, gateway: JobGateway, *cells: str, **options: Any) -> Job:
        """``papermill.execute_notebook(…, engine_name="eg-ext", **options)``."""
        source, output = self._files(cells, None)
        arguments = {"kernel_name": gateway.kernel, "log_output": True, **options}
        program = (
            "import logging, papermill\n"
            "logging.basicConfig(level='INFO', format='%(message)s')\n"
            f"papermill.execute_notebook({str(source)!r}, {str(output)!r}, "
            f"engine_name='eg-ext', progress_bar=False, **{arguments!r})"
        )
        return self._start([str(JOBS_BIN / "python"), "-c", program], gateway, output, {})

    def run(self, gateway: JobGateway, *cells: str, **options: Any) -> tuple[int, Job]:
        """Start one, and wait for its end."""
        job = self.start(gateway, *cells, **options)
        return job.wait(), job

    def close(self) -> None:
        for job in self._started:
            if job.process.returncode is None:
                job.process.kill()
                job.process.wait()

    def _files(self, cells: tuple[str, ...], path: Path | None) -> tuple[Path, Path]:
        number = len(self._started)
        source = path or self._folder / f"in-{number}.ipynb"
        if path is None:
            source.write_text(json.dumps(notebook(*cells)))
        return source, self._folder / f"out-{number}.ipynb"

    def _start(
        self, command: list[str], gateway: JobGateway, output: Path, environ: dict[str, str]
    ) -> Job:
        assert JOBS_BIN.exists(), "make env makes .venv-jobs"
        kept = ("PATH", "HOME", "LANG", "TMPDIR")
        environment = {
            **{key: os.environ[key] for key in kept if key in os.environ},
            "JUPYTER_GATEWAY_URL": gateway.url,
            "JUPYTER_GATEWAY_AUTH_TOKEN": gateway.token,
            "KERNEL_USERNAME": gateway.user,
            **environ,
        }
        log = self._folder / f"log-{len(self._started)}"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command,
                env=environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        job = Job(process, log, output)
        self._started.append(job)
        return job
