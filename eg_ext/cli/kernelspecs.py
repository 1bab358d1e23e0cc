"""Kernelspecs on disk: those that come with eg-ext, and those that are installed."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from ..catalog import CatalogError, Kernelspec, Problem, did_you_mean, nearest

KERNEL_JSON = "kernel.json"


def shipped() -> dict[str, Kernelspec]:
    """The kernelspecs that come with eg-ext, by name."""
    return {name: _read(name, each / KERNEL_JSON) for name, each in _directories().items()}


def find(name: str) -> Kernelspec:
    """The kernelspec with this name, or in the file or directory of this path.

    An installed one hides the one that comes with eg-ext, as it does for the gateway.
    Raises click.ClickException if there is none, CatalogError if it is wrong.
    """
    path = Path(name)
    if path.name == KERNEL_JSON and path.is_file():
        return _read(path.absolute().parent.name, path)
    if "/" in name and (path / KERNEL_JSON).is_file():
        return _read(path.absolute().name, path / KERNEL_JSON)
    installed = _installed()
    for directories in (installed, _directories()):
        if name in directories:
            return _read(name, directories[name] / KERNEL_JSON)
    known = sorted({*installed, *_directories()})
    hint = did_you_mean(nearest(name, known, count=3)) or f"There are: {', '.join(known)}."
    raise click.ClickException(f"There is no kernelspec {name!r}. {hint}")


def destination(place: str, prefix: Path | None) -> Path:
    """The directory that kernelspecs are installed to."""
    if prefix is not None:
        return prefix / "share" / "jupyter" / "kernels"
    if place == "user":
        from jupyter_core.paths import jupyter_data_dir

        return Path(jupyter_data_dir()) / "kernels"
    return Path(sys.prefix) / "share" / "jupyter" / "kernels"


def install(
    names: Sequence[str], kernels: Path, registry: str | None, tag: str | None
) -> Iterator[Path]:
    """Copy the named kernelspecs, or all, below ``kernels``; yields each one's directory."""
    sources = _directories()
    for name in names:
        if name not in sources:
            hint = did_you_mean(nearest(name, sources)) or f"There are: {', '.join(sources)}."
            raise click.UsageError(f"No kernelspec {name!r} comes with eg-ext. {hint}")
    for name in names or sources:
        content = _content(sources[name] / KERNEL_JSON)
        config = content["metadata"]["process_proxy"]["config"]
        config["image_name"] = image_name(config["image_name"], registry, tag)
        yield _install_one(sources[name], content, kernels / name)


def image_name(image: str, registry: str | None, tag: str | None) -> str:
    """The image as ``make images`` calls it with the same REGISTRY and TAG.

    >>> image_name("eg-ext/kernel-python:dev", "registry.example/team", "1.0")
    'registry.example/team/kernel-python:1.0'
    """
    if registry:
        image = f"{registry.rstrip('/')}/{image.rpartition('/')[2]}"
    if tag:
        path, slash, last = image.rpartition("/")
        image = f"{path}{slash}{last.partition(':')[0]}:{tag}"
    return image


def _install_one(source: Path, content: dict[str, Any], target: Path) -> Path:
    """Write one kernelspec beside its place, then put it there: never half of one."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
            fresh = Path(scratch) / "new"
            shutil.copytree(source, fresh)
            (fresh / KERNEL_JSON).write_text(json.dumps(content, indent=2) + "\n", encoding="utf8")
            if target.exists():
                target.rename(Path(scratch) / "old")
            fresh.rename(target)
    except OSError as error:
        raise click.ClickException(f"cannot install to {target}: {error.strerror}") from error
    return target


def _directories() -> dict[str, Path]:
    """Where the kernelspecs of eg-ext are, by name."""
    return _kernelspecs_below(Path(str(files("eg_ext.kernelspecs"))))


def _installed() -> dict[str, Path]:
    """The kernelspecs in Jupyter's data directories; the first of a name wins."""
    from jupyter_core.paths import jupyter_path

    found: dict[str, Path] = {}
    for kernels in map(Path, jupyter_path("kernels")):
        found = {**_kernelspecs_below(kernels), **found}
    return found


def _kernelspecs_below(kernels: Path) -> dict[str, Path]:
    entries = sorted(kernels.iterdir()) if kernels.is_dir() else []
    return {each.name: each for each in entries if (each / KERNEL_JSON).is_file()}


def _read(name: str, file: Path) -> Kernelspec:
    return Kernelspec.from_kernel_json(name, _content(file))


def _content(file: Path) -> dict[str, Any]:
    """A kernel.json's content; raises CatalogError if it is no JSON object."""
    try:
        content = json.loads(file.read_text(encoding="utf8"))
    except OSError as error:
        raise CatalogError([Problem(str(file), 0, 0, f"cannot be read: {error}")]) from error
    except json.JSONDecodeError as error:
        problem = Problem(str(file), error.lineno, error.colno, f"not JSON: {error.msg}")
        raise CatalogError([problem]) from error
    if not isinstance(content, dict):
        raise CatalogError([Problem(str(file), 1, 1, "expected a mapping")])
    return content
