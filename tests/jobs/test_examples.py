"""The notebooks in examples/: what can be said of them without running them."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from .scenarios import EXAMPLES


def test_there_are_examples() -> None:
    assert {path.stem for path in EXAMPLES} >= {"hello", "pi"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
class TestExample:
    def test_it_is_a_valid_notebook_of_version_4_5(self, path: Path) -> None:
        notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        nbformat.validate(notebook)

    def test_it_has_parameters_and_no_outputs(self, path: Path) -> None:
        cells = json.loads(path.read_text())["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert sum("parameters" in cell["metadata"].get("tags", []) for cell in code) == 1
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)

    def test_its_language_is_known_to_papermill(self, path: Path) -> None:
        metadata = json.loads(path.read_text())["metadata"]
        assert metadata["language_info"]["name"] == "python"
