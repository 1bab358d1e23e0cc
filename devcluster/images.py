"""Putting container images into the nodes, without a registry."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from devcluster.errors import DevclusterError
from devcluster.processes import inside, run

# Kubernetes' images are in this namespace of containerd, and only there.
NAMESPACE = "k8s.io"


def write_archive(path: Path, name: str, program: Path) -> Path:
    """Writes a docker-archive of an image that holds one static program and runs it."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as files:
        info = tarfile.TarInfo(program.name)
        info.mode = 0o755
        info.size = program.stat().st_size
        with program.open("rb") as content:
            files.addfile(info, content)
    config = json.dumps(
        {
            "architecture": _architecture(),
            "os": "linux",
            "config": {"Entrypoint": [f"/{program.name}"], "User": "65534:65534"},
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(layer.getvalue()).hexdigest()}"],
            },
        }
    ).encode()
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    members = {
        "layer.tar": layer.getvalue(),
        "config.json": config,
        "manifest.json": json.dumps(manifest).encode(),
    }
    with tarfile.open(path, "w") as archive:
        for member, data in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def _architecture() -> str:
    """The machine's architecture in the words of container images."""
    machine = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def import_archive(init: int, archive: Path) -> list[str]:
    """Imports a docker-archive or oci-archive into one node; returns the names of its images.

    Args:
        init: id of the node's first process.

    Raises DevclusterError with containerd's words where the archive is not one.
    """
    # The archive is opened on this side: the node need not see its folder.
    command = ["ctr", "--namespace", NAMESPACE, "images", "import", "-"]
    with archive.open("rb") as file:
        output = run(inside(init, command), file=file, timeout=900)
    return re.findall(r"^unpacking (\S+)", output, re.MULTILINE)


def load(nodes: dict[str, int], archive: Path, memory: Path) -> tuple[list[str], bool]:
    """Imports an archive into all nodes at once.

    Args:
        nodes: node name → id of its first process.
        archive: a docker-archive or oci-archive.
        memory: file of the cluster's that says which content each image name has; an archive
            whose content is there already is not imported again.

    Returns the names of its images, and whether they were imported just now.

    Raises DevclusterError where there is no such file, or where a node refuses it.
    """
    if not archive.is_file():
        raise DevclusterError(f"There is no file {archive}.")
    content = _digest(archive)
    known: dict[str, str] = json.loads(memory.read_text()) if memory.exists() else {}
    there = [name for name, digest in known.items() if digest == content]
    if there:
        return there, False
    with ThreadPoolExecutor(max_workers=len(nodes)) as pool:
        names = list(pool.map(lambda init: import_archive(init, archive), nodes.values()))
    if not names[0]:
        raise DevclusterError(f"{archive} holds no image with a name.")
    # A name that moves to new content takes its old content's other names out of memory too:
    # they are imported once more than needed, never once less.
    moved = {known[name] for name in names[0] if name in known}
    kept = {name: digest for name, digest in known.items() if digest not in moved}
    memory.write_text(json.dumps({**kept, **dict.fromkeys(names[0], content)}))
    return names[0], True


def _digest(path: Path) -> str:
    """The digest of a file's content."""
    digest = hashlib.blake2b()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
