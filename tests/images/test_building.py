"""What `images/build` decides without a builder."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from images.__main__ import full_name
from images.context import ROOT, recipes, version
from images.lending import AUTHORITY, authority, pip_conf, secrets


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("debian:bookworm-slim", "docker.io/library/debian:bookworm-slim"),
        ("eg-ext/kernel-python:dev", "docker.io/eg-ext/kernel-python:dev"),
        ("registry.example.com/team/kernel-python:1", "registry.example.com/team/kernel-python:1"),
        ("registry:5000/kernel-python:1", "registry:5000/kernel-python:1"),
        ("localhost/kernel-python:1", "localhost/kernel-python:1"),
    ],
)
def test_names_are_completed_as_kubernetes_does(name: str, full: str) -> None:
    assert full_name(name) == full


def test_every_image_has_a_base_and_sources() -> None:
    assert "kernel-python" in recipes()
    for recipe in recipes().values():
        assert recipe.base.startswith("docker.io/")
        assert Path("eg_ext/kernel/launcher.py") in recipe.sources
        assert not [path for path in recipe.sources if "__pycache__" in path.parts]


def test_the_digest_is_stable_and_sees_every_change(tmp_path: Path) -> None:
    recipe = recipes()["kernel-python"]
    assert recipe.digest("base") == recipe.digest("base")
    assert recipe.digest("base") != recipe.digest("another base")
    recipe.stage(tmp_path)
    assert sorted(
        path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()
    ) == list(recipe.sources)


def test_the_version_is_the_packages() -> None:
    import eg_ext

    assert version() == eg_ext.__version__


def test_settings_that_name_local_files_are_not_lent() -> None:
    settings = {
        "index-url": "https://pip.example.com/simple",
        "extra-index-url": "https://one.example.com\nhttps://two.example.com",
        "find-links": "/srv/wheels",
        "cert": "/etc/ssl/ca.crt",
        "timeout": "60",
    }
    assert pip_conf(settings, with_authority=True).splitlines() == [
        "[global]",
        "index-url = https://pip.example.com/simple",
        "extra-index-url = https://one.example.com https://two.example.com",
        "timeout = 60",
        f"cert = {AUTHORITY}",
    ]
    assert pip_conf({}, with_authority=False) == ""


def test_the_authority_is_a_file_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    assert authority({"cert": str(file)}, {"SSL_CERT_FILE": str(file)}) is None
    file.write_text("certificate")
    assert authority({"cert": str(file)}, {}) == file
    assert authority({"cert": "/nowhere"}, {"SSL_CERT_FILE": str(file)}) == file
    assert authority({}, {}) is None


def test_what_is_lent_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:secret@pip.example.com/simple")
    lent = secrets(tmp_path)["pip.conf"]
    assert "secret@pip.example.com" in lent.read_text()
    assert oct(lent.stat().st_mode & 0o777) == "0o600"


def test_mistakes_end_with_a_sentence() -> None:
    for arguments, part in (
        (["nosuch"], "There is no images/nosuch/Dockerfile"),
        (["--builder", "nosuch", "--fresh"], "BUILDER must be one of docker, podman, buildah"),
    ):
        done = subprocess.run([ROOT / "images/build", *arguments], capture_output=True, text=True)
        assert done.returncode == 1
        assert part in done.stderr
        assert "Traceback" not in done.stderr
