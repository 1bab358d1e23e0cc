"""What ``eg-ext`` can do; each command imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path

import click

from .. import __version__

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def eg_ext() -> None:
    """Kernel profiles for Jupyter Enterprise Gateway on Kubernetes."""


@eg_ext.command()
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
def validate(files: tuple[Path, ...], strict: bool) -> None:
    """Check catalogs and print all that is wrong, with line and column.

    Exits with 0 if nothing is wrong and with 1 otherwise.
    """
    from .catalogs import check

    results = [check(file, strict) for file in files]
    if not all(results):
        raise SystemExit(1)


@eg_ext.command()
@click.option(
    "--catalog",
    default="catalog.yaml",
    show_default=True,
    type=_FILE,
    help="The catalog's file.",
)
@click.option("--profile", help="Slug of the profile; the catalog's default if not given.")
@click.option(
    "--kernelspec",
    default="python",
    show_default=True,
    help="Name of a kernelspec that is installed or comes with eg-ext, or the path of a "
    "kernel.json or its directory.",
)
@click.option("--user", required=True, help="The user's name, as JupyterHub has it.")
@click.option("--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def render(catalog: Path, profile: str | None, kernelspec: str, user: str, output: str) -> None:
    """Print the Secret and the Pod that a user would get.

    What a start chooses (kernel id, key, the pod's uid and the end of its name) is
    printed as a placeholder.
    """
    from .catalogs import manifests
    from .printing import dump

    click.echo(dump(manifests(catalog, profile, kernelspec, user), output), nl=False)


@eg_ext.command()
def schema() -> None:
    """Print the catalog's JSON Schema, for editors."""
    import json

    from ..catalog import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@eg_ext.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(arguments: tuple[str, ...]) -> None:
    """Run the gateway; 'eg-ext serve --help' lists its options."""
    from ..gateway.app import main

    main(list(arguments))


@eg_ext.group()
def kernelspecs() -> None:
    """The kernelspecs that come with eg-ext."""


@kernelspecs.command("list")
def list_kernelspecs() -> None:
    """Print name, display name and image of each."""
    from .kernelspecs import shipped
    from .printing import table

    rows = [(spec.name, spec.display_name, spec.image) for spec in shipped().values()]
    click.echo(table(("NAME", "DISPLAY NAME", "IMAGE"), rows))


@kernelspecs.command("install")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--user", "place", flag_value="user", help="Install for this user.")
@click.option(
    "--sys-prefix",
    "place",
    flag_value="sys-prefix",
    default=True,
    help="Install where this Python is (the default).",
)
@click.option("--prefix", type=_DIRECTORY, help="Install to PREFIX/share/jupyter/kernels.")
@click.option("--registry", help="Registry to put before the image's name: registry.example/team.")
@click.option("--tag", help="Tag of the image instead of the kernelspec's own.")
def install_kernelspecs(
    names: tuple[str, ...],
    place: str,
    prefix: Path | None,
    registry: str | None,
    tag: str | None,
) -> None:
    """Copy kernelspecs to where Jupyter looks for them; all of them if none is named.

    One that is there already is replaced.
    """
    from .kernelspecs import destination, install

    kernels = destination(place, prefix)
    for path in install(names, kernels, registry, tag):
        click.echo(f"installed {path}")
