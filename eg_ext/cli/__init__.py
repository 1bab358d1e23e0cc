"""The command line: ``eg-ext``."""

from __future__ import annotations

import sys

__all__ = ["main"]

_EXTRA = {
    "click": "catalog",
    "jupyter_core": "catalog",
    "pydantic": "catalog",
    "yaml": "catalog",
    "enterprise_gateway": "gateway",
    "kubernetes": "gateway",
}


def main() -> None:
    """Run ``eg-ext``; ends the process with 0, 1 (problems found) or 2 (wrong usage)."""
    try:
        from .commands import eg_ext

        eg_ext(prog_name="eg-ext")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA:
            raise
        sys.exit(f"eg-ext needs {package} for this: install it as 'eg-ext[{_EXTRA[package]}]'.")
