"""The command: `python3 -m devcluster up`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from devcluster.binaries import Binaries
from devcluster.clusters import DEFAULT_NAME, Cluster, State
from devcluster.errors import DevclusterError
from devcluster.images import load
from devcluster.lifecycle import INTERRUPTS, down, status, up
from devcluster.nodes import running_nodes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="devcluster", description="A real Kubernetes on this machine, without Docker."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--name", default=DEFAULT_NAME, help=f"name of the cluster (default: {DEFAULT_NAME})"
        )
        return command

    command = add("up", "Start a cluster and wait until it is ready.")
    command.add_argument(
        "--control-plane", action="store_true", help="no nodes: no pod runs, and no root is needed"
    )
    add("down", "Remove a cluster and everything it left.")
    command = add("status", "Say how a cluster is; exit code 0 only where all is well.")
    command.add_argument("--output", choices=("text", "json"), default="text")
    command = add("load", "Put images into the nodes.")
    command.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE")
    add("kubeconfig", "Print the path of a cluster's kubeconfig.")
    command = add(
        "kubectl", "Run kubectl on a cluster: --name first, then kubectl's own arguments."
    )
    command.add_argument("arguments", nargs="*", metavar="ARGUMENT")
    return parser


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Our own arguments, and those that are kubectl's and would only confuse our parser."""
    if arguments[:1] != ["kubectl"] or set(arguments[1:2]) & {"-h", "--help"}:
        return arguments, []
    if arguments[1:2] == ["--name"]:
        return arguments[:3], arguments[3:]
    if arguments[1:2] and arguments[1].startswith("--name="):
        return arguments[:2], arguments[2:]
    return arguments[:1], arguments[1:]


def _require(cluster: Cluster) -> State:
    state = State.read(cluster)
    if state is None:
        raise DevclusterError(f"There is no cluster {cluster.name}: start it with `up`.")
    return state


def _status(cluster: Cluster, output: str) -> int:
    found = status(cluster)
    if output == "json":
        print(json.dumps(asdict(found) if found else None, indent=2))
    elif found is None:
        print(f"There is no cluster {cluster.name}.")
    else:
        print(f"cluster     {found.name}  {found.server}")
        print(f"kubeconfig  {found.kubeconfig}")
        for name, ready in found.nodes.items():
            print(f"node        {name}  {'ready' if ready else 'not ready'}")
        alive = sum(found.components.values())
        print(f"components  {alive} of {len(found.components)} run")
        for problem in found.problems:
            print(f"problem     {problem}")
    if found is None:
        return 2
    return 1 if found.problems else 0


def _load(cluster: Cluster, archives: list[Path]) -> None:
    nodes = running_nodes(cluster, _require(cluster))
    if not nodes:
        raise DevclusterError(f"Cluster {cluster.name} has no nodes that run.")
    for archive in archives:
        names, imported = load(nodes, archive, cluster.folder / "images.json")
        for name in names:
            print(f"{name} is {'on' if imported else 'already on'} {', '.join(nodes)}")


def _kubectl(cluster: Cluster, arguments: list[str]) -> None:
    """Becomes kubectl; never returns."""
    command = Binaries(Path(_require(cluster).binaries)).kubernetes("kubectl")
    host = _require(cluster).server.split("//")[-1].split(":")[0]
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    # A proxy of the environment is not on the way to this machine.
    environment["NO_PROXY"] = ",".join(filter(None, [os.environ.get("NO_PROXY"), host]))
    os.execve(command[0], [*command, *arguments], environment)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0, 1 with a message on failure, 130 where it was interrupted."""
    given = sys.argv[1:] if arguments is None else arguments
    mine, kubectl = _split(given)
    options = _parser().parse_args(mine)
    for number in INTERRUPTS:
        # One that is ignored, as after `nohup`, stays ignored.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        cluster = Cluster.named(options.name)
        if options.command == "up":
            up(cluster, options.control_plane)
        elif options.command == "down":
            down(cluster)
        elif options.command == "status":
            return _status(cluster, options.output)
        elif options.command == "load":
            _load(cluster, options.archives)
        elif options.command == "kubeconfig":
            _require(cluster)
            print(cluster.kubeconfig)
        else:
            _kubectl(cluster, kubectl)
    except DevclusterError as error:
        print(f"devcluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
