"""What is built: the files that go into an image, and a hash of them."""

from __future__ import annotations

import ast
import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from .errors import ImageError

ROOT = Path(__file__).resolve().parent.parent
"""The repository, which is the build context of every image."""


@dataclass(frozen=True)
class Recipe:
    """A folder of images/ with a Dockerfile."""

    name: str
    dockerfile: Path

    @property
    def base(self) -> str:
        """The image that it starts from unless told otherwise: the default of ``ARG BASE``."""
        found = re.search(r"^ARG BASE=(\S+)", self.dockerfile.read_text(), re.MULTILINE)
        if not found:
            raise ImageError(f"{self.dockerfile} has no line 'ARG BASE=…'.")
        return found[1]

    @property
    def sources(self) -> list[Path]:
        """The files of the repository that the image gets, sorted, relative to :data:`ROOT`.

        They are named once, in ``Dockerfile.dockerignore``, which builders read too: it
        excludes everything and then takes in what its lines with ``!`` name.
        """
        ignore = self.dockerfile.with_name("Dockerfile.dockerignore")
        wanted = [line[1:] for line in ignore.read_text().splitlines() if line.startswith("!")]
        files: list[Path] = []
        for name in wanted:
            path = ROOT / name
            files += [path] if path.is_file() else path.rglob("*")
        return sorted(
            path.relative_to(ROOT)
            for path in files
            if path.is_file() and "__pycache__" not in path.parts
        )

    def stage(self, folder: Path) -> None:
        """Copy the sources into ``folder``: a small context for builders of every age."""
        for source in self.sources:
            target = folder / source
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / source, target)

    def digest(self, *settings: str) -> str:
        """Return a hash of the Dockerfile, the sources and ``settings``."""
        total = hashlib.sha256()
        for part in (*settings, self.dockerfile.read_text()):
            total.update(f"{len(part)}:{part}".encode())
        for source in self.sources:
            content = (ROOT / source).read_bytes()
            mode = (ROOT / source).stat().st_mode & 0o111
            total.update(f"{source}:{mode}:{len(content)}:".encode() + content)
        return total.hexdigest()


def recipes() -> dict[str, Recipe]:
    """Return every folder of images/ that has a Dockerfile, by name."""
    found = sorted((ROOT / "images").glob("*/Dockerfile"))
    return {path.parent.name: Recipe(path.parent.name, path) for path in found}


def version() -> str:
    """Return ``eg_ext.__version__`` without importing the package."""
    for node in ast.parse((ROOT / "eg_ext" / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if "__version__" in names:
                return str(node.value.value)
    raise ImageError("eg_ext/__init__.py has no __version__.")
