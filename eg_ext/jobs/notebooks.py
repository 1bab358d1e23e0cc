"""One notebook, run cell by cell in a kernel of the gateway."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager
from papermill.log import logger

from .api import GatewayApi
from .client import GatewayKernelClient
from .errors import GatewayError
from .settings import GatewaySettings
from .waiting import run_in_thread

PAPERMILL_START_TIMEOUT = 60  # papermill's default: it always passes one
IOPUB_TIMEOUT = (
    30  # seconds for the outputs of a cell that has ended; nbclient's 4 are for one machine
)
STOP_GRACE = 10.0  # seconds for a start to end that is no longer wanted


class GatewayKernel:
    """One kernel of the gateway: what nbclient wants of a kernel manager, and no more."""

    def __init__(self, api: GatewayApi) -> None:
        self._api = api
        self.kernel_id: str | None = None

    async def start_kernel(self, name: str) -> str:
        """Start it and return its id.

        When this is cancelled the gateway may be half-way, and the id is not known yet. It gets a
        little time to end its start, so that the kernel can be deleted.
        """
        start = asyncio.ensure_future(self._api.start_kernel(name))
        try:
            self.kernel_id = await asyncio.shield(start)
        except asyncio.CancelledError:
            await asyncio.wait([start], timeout=STOP_GRACE)
            if start.done() and not start.cancelled() and start.exception() is None:
                self.kernel_id = start.result()
            start.cancel()
            raise
        return self.kernel_id

    async def interrupt_kernel(self) -> None:
        """Stop the cell that runs."""
        assert self.kernel_id is not None
        await self._api.interrupt(self.kernel_id)

    async def shutdown_kernel(self) -> None:
        """Delete it, if it was started. That this fails is logged: the notebook's result counts."""
        if self.kernel_id is None:
            return
        try:
            await self._api.delete(self.kernel_id)
        except GatewayError as error:
            logger.error(f"Kernel {self.kernel_id} may still run. {error.message}")


class GatewayNotebookClient(PapermillNotebookClient):
    """papermill's client of a notebook, with its kernel behind a gateway."""

    def __init__(
        self, nb_man: NotebookExecutionManager, settings: GatewaySettings, **options: Any
    ) -> None:
        super().__init__(nb_man, **options)
        self._settings = settings

    def execute(self) -> NotebookNode:
        """Run all cells, or as many as there are before one fails. The kernel is gone after it."""
        try:
            return run_in_thread(self._execute)
        except GatewayError as error:
            # The sentence says it all; the way through our event loop would only hide it.
            raise error.with_traceback(None) from None

    async def _execute(self) -> NotebookNode:
        self.reset_execution_trackers()
        try:
            async with self._kernel() as info:
                logger.info(f"Executing notebook with kernel: {self.kernel_name}")
                if "language_info" in info:
                    self.nb.metadata["language_info"] = info["language_info"]
                for index, cell in enumerate(self.nb.cells):
                    if not await self._run_cell(cell, index):
                        break
                self.set_widgets_metadata()
        except BaseException:
            self.nb.metadata.papermill["exception"] = True
            raise
        return self.nb

    @contextlib.asynccontextmanager
    async def _kernel(self) -> AsyncIterator[dict[str, Any]]:
        """Start a kernel and connect to it; delete it in the end, whatever happens."""
        api = GatewayApi(self._settings)
        self.km = GatewayKernel(api)
        try:
            logger.info(f"Starting kernel {self.kernel_name} at {api.url}")
            begin = monotonic()
            kernel_id = await self.km.start_kernel(self.kernel_name)
            self.nb.metadata["eg_ext"] = {
                "gateway": api.url,
                "kernel": self.kernel_name,
                "kernel_id": kernel_id,
                "start_seconds": round(monotonic() - begin, 3),
            }
            self.kc = GatewayKernelClient(
                api, kernel_id, reconnect_timeout=self._settings.reconnect_timeout, log=logger
            )
            yield await self.kc.open(self._settings.start_timeout)
        finally:
            if self.kc is not None:
                await self.kc.close()
            await self.km.shutdown_kernel()
            api.close()

    async def _run_cell(self, cell: NotebookNode, index: int) -> bool:
        """Run one cell and say whether the next one may follow."""
        self.nb_man.cell_start(cell, index)
        try:
            await self.async_execute_cell(cell, index)
        except CellExecutionError as error:
            self.nb_man.cell_exception(cell, cell_index=index, exception=error)
            return False
        except DeadKernelError:
            # nbclient's only word for "no answer will come", also when this task is cancelled.
            failure = self.kc.failure or asyncio.CancelledError()
            self._note(cell, index, failure)
            raise failure from None
        except BaseException as error:
            self._note(cell, index, error)
            raise
        finally:
            self.nb_man.cell_complete(cell, cell_index=index)
        return True

    def _note(self, cell: NotebookNode, index: int, error: BaseException) -> None:
        """Write into the notebook what ended the run, where a reader looks for it."""
        self.nb_man.cell_exception(cell, cell_index=index, exception=error)
        name, text = type(error).__name__, str(error)
        if isinstance(error, asyncio.CancelledError):
            name, text = "Stopped", "The run was stopped before this cell ended."
        if cell.cell_type == "code":
            line = f"{name}: {text}"
            cell.outputs.append(new_output("error", ename=name, evalue=text, traceback=[line]))


class ManagedEngine(Engine):
    """papermill's engine; see :class:`eg_ext.jobs.engine.GatewayEngine`."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        gateway_url: str | None = None,
        gateway_token: str | None = None,
        kernel_env: dict[str, str] | None = None,
        reconnect_timeout: float | None = None,
        start_timeout: float | None = None,
        execution_timeout: float | None = None,
        input_path: str | None = None,
        **options: Any,
    ) -> None:
        """Run the notebook of ``nb_man``.

        :param gateway_url, gateway_token: instead of JUPYTER_GATEWAY_URL and _AUTH_TOKEN.
        :param kernel_env: added to the KERNEL_* of the environment.
        :param reconnect_timeout: seconds for a broken connection to come back; 300.
        :param start_timeout: seconds for the kernel to start. papermill's own default, 60, counts
            as not given: then it is JUPYTER_GATEWAY_REQUEST_TIMEOUT, else 300.
        :param execution_timeout: seconds for each cell; no limit.
        :param options: further ones of papermill and nbclient.
        """
        if start_timeout == PAPERMILL_START_TIMEOUT:
            start_timeout = None
        settings = GatewaySettings.from_environ(
            os.environ,
            url=gateway_url,
            token=gateway_token,
            start_timeout=start_timeout,
            reconnect_timeout=reconnect_timeout,
            kernel_env=kernel_env,
        )
        options.setdefault("iopub_timeout", IOPUB_TIMEOUT)
        if execution_timeout:
            options["timeout"] = execution_timeout
        GatewayNotebookClient(
            nb_man, settings, kernel_name=kernel_name, log=logger, **options
        ).execute()
