"""What the building machine lends to pip for the time of a build.

Behind a proxy that opens TLS, or with an index of one's own, pip inside a build needs what pip
outside has: a certificate authority and some settings. They are handed over as build secrets, so
that no layer of the image contains them.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

AUTHORITY = "/run/build/ca.crt"
"""Where the Dockerfiles put the certificate authority."""
KEYS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout")


def pip_settings() -> dict[str, str]:
    """Return pip's settings on this machine; empty where this Python has no pip."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    settings: dict[str, str] = {}
    # Later lines win; the environment, which pip ranks highest, has to come last.
    for line in sorted(listing.splitlines(), key=lambda line: line.startswith(":env:")):
        name, equals, value = line.partition("=")
        if equals:
            key = name.rpartition(".")[2].removeprefix("default-")
            settings[key] = str(ast.literal_eval(value))
    return settings


def authority(settings: Mapping[str, str], environment: Mapping[str, str]) -> Path | None:
    """Return the certificate file that programs here are told to trust, if they are."""
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    for value in (settings.get("cert"), *(environment.get(name) for name in names)):
        if value and Path(value).is_file():
            return Path(value)
    return None


def pip_conf(settings: Mapping[str, str], *, with_authority: bool) -> str:
    """Return a pip.conf with what holds inside a build too; empty if there is nothing to say.

    Settings that name files of this machine are left out.
    """
    lines = [f"{key} = {' '.join(settings[key].split())}" for key in KEYS if key in settings]
    if with_authority:
        lines.append(f"cert = {AUTHORITY}")
    return "\n".join(["[global]", *lines, ""]) if lines else ""


def secrets(folder: Path) -> dict[str, Path]:
    """Return the build secrets by their id, written to ``folder`` where they are no file yet."""
    settings = pip_settings()
    certificate = authority(settings, os.environ)
    text = pip_conf(settings, with_authority=certificate is not None)
    found: dict[str, Path] = {}
    if certificate:
        found["ca.crt"] = certificate
    if text:
        path = folder / "pip.conf"
        path.touch(mode=0o600)
        path.write_text(text)
        found["pip.conf"] = path
    return found
