"""Behind ``eg-ext validate`` and ``eg-ext render``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..catalog import CatalogError, KernelRequest, Refusal, load, resolve
from ..pods import Launch, build_pod, build_secret, connection_info, pod_name
from .kernelspecs import find

_GATEWAY = "eg-ext"
_PLACEHOLDER_ID = "00000000-0000-0000-0000-000000000000"
_PLACEHOLDER_SUFFIX = "xxxxxxxx"
_PLACEHOLDER_KEY = "a new one at each start"


def check(file: Path, strict: bool) -> bool:
    """Print what is wrong with a catalog; whether it can be used."""
    try:
        catalog = load(file)
    except CatalogError as error:
        click.echo(error)
        return False
    for warning in catalog.warnings:
        click.echo(warning)
    if strict and catalog.warnings:
        return False
    profiles = "profile" if len(catalog.profiles) == 1 else "profiles"
    click.echo(f"{file}: ok: {len(catalog.profiles)} {profiles}")
    return True


def manifests(
    catalog_file: Path, profile: str | None, kernelspec: str, user: str
) -> list[dict[str, Any]]:
    """Secret and Pod of a user's kernel, with placeholders for what a start chooses."""
    try:
        spec = find(kernelspec)
        request = KernelRequest(user=user, kernelspec=spec, profile=profile)
        plan = resolve(load(catalog_file), request)
    except (CatalogError, Refusal) as error:
        raise click.ClickException(str(error)) from error
    launch = Launch(
        kernel_id=_PLACEHOLDER_ID,
        pod_name=pod_name(plan, _PLACEHOLDER_SUFFIX),
        gateway=_GATEWAY,
    )
    connection = connection_info(_PLACEHOLDER_KEY, spec.name)
    return [build_secret(plan, launch, connection, _PLACEHOLDER_ID), build_pod(plan, launch)]
