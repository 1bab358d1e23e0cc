"""What papermill finds under the name ``eg-ext``.

Every papermill imports every engine that is installed, whichever it is asked to use, and does so
while it is being imported itself. So this module imports nothing: an installed eg-ext costs other
runs no time and cannot break them, and it may itself be imported before papermill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from papermill.engines import Engine


class GatewayEngine:
    """Run a notebook in a kernel that a Jupyter gateway starts.

    The three methods are papermill's interface of an engine; ``eg_ext.jobs.notebooks`` has what
    they do.
    """

    @staticmethod
    def execute_notebook(nb: NotebookNode, kernel_name: str, **kwargs: Any) -> NotebookNode:
        """Run all cells; return the notebook with its outputs.

        :raises eg_ext.jobs.GatewayError: when the notebook could not be run to its end for another
            reason than an error of a cell, which papermill itself reports.
        """
        return _engine().execute_notebook(nb, kernel_name, **kwargs)

    @staticmethod
    def nb_kernel_name(nb: NotebookNode, name: str | None = None) -> str:
        """Return the name given, else the one in the notebook's metadata."""
        return _engine().nb_kernel_name(nb, name)

    @staticmethod
    def nb_language(nb: NotebookNode, language: str | None = None) -> str:
        """Return the language given, else the one in the notebook's metadata."""
        return _engine().nb_language(nb, language)


def _engine() -> type[Engine]:
    from .notebooks import ManagedEngine

    return ManagedEngine
