"""Builds the kernel images: ``python3 -m images``, behind ``make images``.

Needs the standard library alone, and docker, podman or buildah. docs/images.md is the manual.
"""
