"""A kernel that answers as no ordinary kernel does when it is told to; run by .venv-jobs."""

from __future__ import annotations

import os
import time
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel


class OddKernel(Kernel):
    """The code of a cell is the name of what it does."""

    implementation = "odd"
    implementation_version = "1"
    banner = "odd"
    language_info = {"name": "python", "mimetype": "text/plain", "file_extension": ".txt"}  # noqa: RUF012

    def do_execute(self, code: str, silent: bool, *args: Any, **kwargs: Any) -> dict[str, Any]:
        ok = {"status": "ok", "execution_count": self.execution_count}
        if code == "null error":
            error = {"ename": "Exception", "evalue": None, "traceback": None}
            self.send_response(self.iopub_socket, "error", error)
            return {"status": "error", "execution_count": self.execution_count, **error}
        if code == "ask all the same":
            self._allow_stdin = True
            self.raw_input("name? ")
        if code == "die with a reason":
            self.session.send(
                self.iopub_socket,
                "stream",
                {"name": "stderr", "text": "out of memory\n"},
                parent=self.get_parent("shell"),
                metadata={"eg_ext": {"reason": "The kernel was killed: out of memory."}},
            )
            state = {"execution_state": "restarting"}
            self.session.send(self.iopub_socket, "status", state, ident=b"status")
            time.sleep(60)
        if code == "exit":
            os._exit(1)
        return ok


if __name__ == "__main__":
    IPKernelApp.launch_instance(kernel_class=OddKernel)
