"""``python3 -m images [NAME…]``: build, and if wanted push or load, the kernel images."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from . import base, builders, lending
from .commands import output, run, succeeds
from .context import ROOT, Recipe, recipes, version
from .errors import ImageError


def main() -> int:
    """Run the command line; return its exit code."""
    options = parse()
    try:
        known = recipes()
        for name in options.names or known:
            if name not in known:
                raise ImageError(f"There is no images/{name}/Dockerfile; there are {list(known)}.")
            make(known[name], options)
    except ImageError as error:
        print(f"images: {error}", file=sys.stderr)
        return 1
    return 0


def parse() -> argparse.Namespace:
    """Read the command line; what is not on it comes from variables such as ``TAG``."""
    parser = argparse.ArgumentParser(prog="images/build", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="folders of images/ (all)")
    for name, default, text in (
        ("builder", None, "docker, podman or buildah (the first that works)"),
        ("registry", "eg-ext", "what stands before /NAME (eg-ext)"),
        ("tag", "dev", "tag of the images (dev)"),
    ):
        chosen = os.environ.get(name.upper()) or default
        parser.add_argument(f"--{name}", default=chosen, help=text)
    for name, text in (
        ("push", "push to the registry"),
        ("load", "load into the devcluster"),
        ("fresh", "build anew, with today's base image and packages"),
    ):
        wanted = os.environ.get(name.upper(), "") not in ("", "0")
        parser.add_argument(f"--{name}", action="store_true", default=wanted, help=text)
    parser.add_argument("--base", help="another base image than the Dockerfile's own")
    parser.add_argument("--cluster", help="name of the devcluster for --load")
    return parser.parse_args()


def make(recipe: Recipe, options: argparse.Namespace) -> None:
    """Bring one image up to date and to where it is wanted."""
    image = image_of(recipe, options.registry, options.tag)
    base_image = full_name(options.base or recipe.base)
    archive = archives() / f"{image.replace('/', '_').replace(':', '_')}.tar"
    stamp = archive.with_suffix(".sha256")
    digest = recipe.digest(base_image, version())
    current = archive.exists() and stamp.exists() and stamp.read_text() == digest
    # An archive is enough to load; to push, the builder must have the image.
    if current and not (options.fresh or options.push):
        print(f"{image}: nothing has changed; archive {archive}", flush=True)
    else:
        builder = builders.find(options.builder)
        print(f"{image}: building with {builder.name}.", flush=True)
        base.ensure(builder, base_image, refresh=options.fresh)
        build(builder, recipe, image, base_image, fresh=options.fresh)
        save(builder, image, archive)
        stamp.write_text(digest)
        print(f"{image}: built; archive {archive}", flush=True)
        if options.push:
            builder.push(image)
    if options.load:
        cluster = ["--name", options.cluster] if options.cluster else []
        run(sys.executable, "-m", "devcluster", "load", archive, *cluster, PYTHONPATH=str(ROOT))


def build(
    builder: builders.Docker, recipe: Recipe, image: str, base_image: str, *, fresh: bool
) -> None:
    """Build from a context that holds only what the image gets."""
    with tempfile.TemporaryDirectory(prefix="eg-ext-image-") as folder:
        context, lent = Path(folder) / "context", Path(folder) / "lent"
        context.mkdir()
        lent.mkdir(mode=0o700)
        recipe.stage(context)
        arguments = {"BASE": base_image, "VERSION": version(), "REVISION": revision()}
        secrets = lending.secrets(lent)
        builder.build(builders.Build(image, recipe.dockerfile, context, arguments, secrets, fresh))


def save(builder: builders.Docker, image: str, archive: Path) -> None:
    """Write the archive, whole or not at all."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_suffix(f".{os.getpid()}.tar")
    try:
        builder.save(image, partial)
        partial.replace(archive)
    finally:
        partial.unlink(missing_ok=True)


def archives() -> Path:
    """Return the folder of the archives."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "eg-ext" / "images"


def revision() -> str:
    """Return the commit that is checked out, ``unknown`` outside a checkout."""
    head = ("git", "-C", ROOT, "rev-parse", "--verify", "HEAD")
    return output(*head) if succeeds(*head) else "unknown"


def image_of(recipe: Recipe, registry: str, tag: str) -> str:
    """Return the full name of the image that a recipe makes."""
    return full_name(f"{registry.rstrip('/')}/{recipe.name}:{tag}")


def full_name(image: str) -> str:
    """Return an image's name as Kubernetes completes it: ``docker.io/`` before a bare path."""
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return image
    return f"docker.io/{image}" if slash else f"docker.io/library/{image}"


if __name__ == "__main__":
    sys.exit(main())
