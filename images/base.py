"""The base image, also where no registry can be reached."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from .builders import Docker
from .commands import install, run
from .errors import ImageError

LEFT_OUT = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*", "/usr/share/info/*")


def ensure(builder: Docker, image: str, *, refresh: bool = False) -> None:
    """See to it that ``builder`` has the base ``image``.

    Args:
        builder: the one that will need it.
        image: such as ``docker.io/library/debian:bookworm-slim``.
        refresh: ask the registry even if the image is there.

    Raises:
        ImageError: the registry does not give it, and it cannot be made.
    """
    if builder.has(image) and not refresh:
        return
    print(f"Pulling {image}.", flush=True)
    if builder.pull(image):
        return
    suite = re.fullmatch(r"(?:docker\.io/library/)?debian:([a-z]+)-slim", image)
    if not suite:
        raise ImageError(f"{image} cannot be pulled; load it into {builder.name} and try again.")
    print(f"No registry gives {image}: making it from Debian's packages.", flush=True)
    make(builder, suite[1], image)


def make(builder: Docker, suite: str, image: str) -> None:
    """Make a slim Debian under the name ``image``, so that Dockerfiles need no change."""
    if not shutil.which("mmdebstrap"):
        install("mmdebstrap")
    with tempfile.TemporaryDirectory(prefix="eg-ext-base-") as folder:
        tarball = Path(folder) / "base.tar"
        options = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
        run(
            *("mmdebstrap", "--variant=minbase", "--quiet", *options),
            "--dpkgopt=path-include=/usr/share/doc/*/copyright",
            # Some packages (openjdk) link into this folder and fail without it.
            '--customize-hook=mkdir -p "$1/usr/share/man/man1"',
            *(suite, tarball),
        )
        builder.take_in(tarball, image)
