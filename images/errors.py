"""The one error of this package."""

from __future__ import annotations


class ImageError(Exception):
    """An image cannot be built; the text says why and what to do."""
