"""A TCP proxy with scissors, to put between a client and a server."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Link:
    """One proxied connection."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.swallowing = False

    def close(self) -> None:
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Proxy:
    """Forwards to a port, of this machine if no other is named, until it is told otherwise."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._links: list[Link] = []
        self._answers = threading.Event()
        self._answers.set()
        self._refusing = False
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Close every connection there is. New ones are welcome."""
        for link in self._links:
            link.close()

    def refuse(self) -> None:
        """Close every connection, now and later, as soon as it is made."""
        self._refusing = True
        self.cut()

    def accept(self) -> None:
        """Forward again after :meth:`refuse`."""
        self._refusing = False

    def swallow(self) -> None:
        """From now on lose what the gateway sends on the connections that exist."""
        for link in self._links:
            link.swallowing = True

    def hold_answers(self) -> None:
        """Keep what the gateway sends."""
        self._answers.clear()

    def release_answers(self) -> None:
        """Send what was kept, and all that follows."""
        self._answers.set()

    def close(self) -> None:
        self.release_answers()
        self.refuse()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                client.close()
                continue
            link = Link(client, socket.create_connection(self._target))
            self._links.append(link)
            threading.Thread(target=self._upload, args=(link,), daemon=True).start()
            threading.Thread(target=self._download, args=(link,), daemon=True).start()

    def _upload(self, link: Link) -> None:
        for data in _received(link.client):
            with contextlib.suppress(OSError):
                link.server.sendall(data)
        link.close()

    def _download(self, link: Link) -> None:
        for data in _received(link.server):
            self._answers.wait()
            if not link.swallowing:
                with contextlib.suppress(OSError):
                    link.client.sendall(data)
        link.close()


def _received(end: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(OSError):
        while data := end.recv(65536):
            yield data
