"""docker, podman and buildah behind one interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .commands import install, output, run, succeeds
from .errors import ImageError


@dataclass(frozen=True)
class Build:
    """One image to build."""

    image: str
    dockerfile: Path
    context: Path
    arguments: Mapping[str, str]
    secrets: Mapping[str, Path]
    """Files that single commands of the Dockerfile may read; the image does not keep them."""
    fresh: bool
    """Do not use what an earlier build left."""

    def options(self) -> list[str]:
        """Return the options that all three builders understand."""
        options = ["--tag", self.image, "--file", str(self.dockerfile)]
        for name, value in self.arguments.items():
            options += ["--build-arg", f"{name}={value}"]
        for name, path in self.secrets.items():
            options += ["--secret", f"id={name},src={path}"]
        if self.fresh:
            options.append("--no-cache")
        return [*options, str(self.context)]


class Docker:
    """Docker with BuildKit, its default since version 23."""

    name = "docker"

    def works(self) -> bool:
        """Return whether the command is there and an engine answers it."""
        return succeeds(self.name, "info")

    def has(self, image: str) -> bool:
        return succeeds(self.name, "image", "inspect", image)

    def pull(self, image: str) -> bool:
        """Fetch an image from its registry; return whether that was possible."""
        return succeeds(self.name, "pull", image)

    def take_in(self, tarball: Path, image: str) -> None:
        """Make an image of a root file system."""
        run(self.name, "import", "--change", 'CMD ["bash"]', tarball, image)

    def build(self, build: Build) -> None:
        run(self.name, "build", *build.options(), DOCKER_BUILDKIT="1")

    def save(self, image: str, archive: Path) -> None:
        """Write an image to a docker archive."""
        run(self.name, "save", "--output", archive, image)

    def push(self, image: str) -> None:
        """Send an image to the registry in its name."""
        run(self.name, "push", image)


class Podman(Docker):
    """Podman 4 or later."""

    name = "podman"

    def build(self, build: Build) -> None:
        run(self.name, "build", "--layers", *build.options())

    def save(self, image: str, archive: Path) -> None:
        run(self.name, "save", "--format", "docker-archive", "--output", archive, image)


class Buildah(Docker):
    """Buildah 1.28 or later.

    ``chroot`` isolation needs no container runtime, so that it works inside containers and on
    machines whose control groups a runtime does not know.
    """

    name = "buildah"

    def has(self, image: str) -> bool:
        return succeeds(self.name, "inspect", "--type", "image", image)

    def take_in(self, tarball: Path, image: str) -> None:
        container = output(self.name, "from", "scratch")
        try:
            run(self.name, "add", "--quiet", container, tarball, "/")
            run(self.name, "config", "--cmd", "bash", container)
            run(self.name, "commit", "--quiet", container, image)
        finally:
            run(self.name, "rm", container)

    def build(self, build: Build) -> None:
        run(self.name, "build", "--isolation", "chroot", "--layers", *build.options())

    def save(self, image: str, archive: Path) -> None:
        run(self.name, "push", "--quiet", image, f"docker-archive:{archive}:{image}")


BUILDERS: Mapping[str, Docker] = {
    builder.name: builder for builder in (Docker(), Podman(), Buildah())
}


def find(name: str | None) -> Docker:
    """Return the builder called ``name``, or the first that works here.

    With none at all, buildah is installed where that is possible.

    Raises:
        ImageError: the one that was named does not work, or none can be had.
    """
    if name:
        if name not in BUILDERS:
            raise ImageError(f"BUILDER must be one of {', '.join(BUILDERS)}, not {name!r}.")
        if not BUILDERS[name].works():
            raise ImageError(f"'{name} info' fails: is {name} installed and does it run?")
        return BUILDERS[name]
    for builder in BUILDERS.values():
        if builder.works():
            return builder
    install("buildah")
    return BUILDERS["buildah"]
