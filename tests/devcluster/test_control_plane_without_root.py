"""`up --control-plane`: an API server for everybody, in seconds."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from devcluster.binaries import find_binaries
from devcluster.certificates import make_certificates
from devcluster.clusters import Cluster
from tests.devcluster.harness import Command, processes_of

pytestmark = pytest.mark.cluster


def test_lives_from_up_to_down(without_root: Command) -> None:
    assert "is ready" in without_root("up", "--control-plane")
    found = json.loads(without_root("status", "--output", "json"))
    assert found["nodes"] == {}
    assert found["problems"] == []
    assert set(found["components"]) == {"etcd", "apiserver", "controllers", "scheduler"}
    names = {item["metadata"]["name"] for item in without_root.get("namespaces")["items"]}
    assert {"default", "kube-system"} <= names
    assert "already runs" in without_root("up", "--control-plane")
    assert "is gone" in without_root("down")
    assert not processes_of(without_root.cluster)
    assert not without_root.cluster.folder.exists()
    assert "There is no cluster" in without_root("down")
    without_root("status", code=2)


def test_nodes_are_refused_without_root(without_root: Command) -> None:
    assert "need root" in without_root("up", code=1)


def test_client_and_server_verify_each_other(without_root: Command, tmp_path: Path) -> None:
    """The written kubeconfig is believed; another authority is not, on either side."""
    without_root("up", "--control-plane")
    cluster = without_root.cluster
    kubeconfig = json.loads(cluster.kubeconfig.read_text())
    assert cluster.kubeconfig.stat().st_mode & 0o077 == 0
    server = kubeconfig["clusters"][0]["cluster"]
    assert "insecure-skip-tls-verify" not in server
    authority = base64.b64decode(server["certificate-authority-data"]).decode()
    admin = kubeconfig["users"][0]["user"]
    own = _client(tmp_path, "own", admin["client-certificate-data"], admin["client-key-data"])
    url = f"{server['server']}/api/v1/namespaces"

    foreign_folder = Cluster("foreign", tmp_path / "foreign")
    binaries = find_binaries()
    assert binaries is not None
    make_certificates(foreign_folder, binaries, ["127.0.0.1"], {})
    foreign = foreign_folder.certificates
    foreign_client = (foreign / "admin.crt", foreign / "admin.key")

    with _ask(url, authority, own) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        _ask(url, (foreign / "ca.crt").read_text(), own)
    with pytest.raises(urllib.error.HTTPError) as refused:
        _ask(url, authority, foreign_client)
    assert refused.value.code == 401
    with pytest.raises(urllib.error.HTTPError) as anonymous:
        _ask(url, authority, None)
    assert anonymous.value.code == 403


def test_program_that_ends_is_named_with_its_last_words(without_root: Command) -> None:
    [programs] = (Path(without_root.environment["XDG_CACHE_HOME"]) / "eg-ext/devcluster").iterdir()
    broken = programs / "kubernetes"
    real = broken.rename(programs / "real")
    broken.write_text(
        f'#!/bin/sh\n[ "$1" = apiserver ] && echo "no such flag" && exit 1\nexec {real} "$@"\n'
    )
    broken.chmod(0o755)
    output = without_root("up", "--control-plane", code=1)
    assert "apiserver: ended while starting" in output
    assert "no such flag" in output
    [log] = [line.split(": ", 1)[1] for line in output.splitlines() if "whole log" in line]
    assert "no such flag" in Path(log).read_text()
    assert not processes_of(without_root.cluster)
    assert not without_root.cluster.folder.exists()


def _client(folder: Path, name: str, certificate: str, key: str) -> tuple[Path, Path]:
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    for path, data in zip(paths, (certificate, key), strict=True):
        path.write_bytes(base64.b64decode(data))
    return paths


def _ask(url: str, authority: str, client: tuple[Path, Path] | None):  # type: ignore[no-untyped-def]
    context = ssl.create_default_context(cadata=authority)
    # Python 3.13 and other clients are that strict by default.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if client:
        context.load_cert_chain(*client)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    return opener.open(url, timeout=10)
