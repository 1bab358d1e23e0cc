"""Whatever arrives at the control port: the kernel still answers and was not interrupted."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq
from jupyter_client import BlockingKernelClient
from jupyter_client.session import Session

from .running import Launched, ask, begin, execute, reply

pytestmark = pytest.mark.jobs

DELIMITER = b"<IDS|MSG>"


class Stranger:
    """Somebody at the control port; knows the key only where a test says so."""

    def __init__(self, launched: Launched) -> None:
        self.key: str = launched.connection["key"]
        self.address = (launched.connection["ip"], launched.connection["control_port"])
        self._context = zmq.Context()

    def socket(self, kind: int = zmq.DEALER) -> zmq.Socket[bytes]:
        """Return a connected socket."""
        made = self._context.socket(kind)
        made.setsockopt(zmq.LINGER, 1000)
        made.connect(f"tcp://{self.address[0]}:{self.address[1]}")
        return made

    def send(self, *frames: bytes) -> None:
        """Send one message."""
        self.socket().send_multipart(frames)

    def interrupt(self, key: str | None = None) -> list[bytes]:
        """Return the frames of an ``interrupt_request``, by default with the right key."""
        session = Session(key=(key or self.key).encode())
        frames: list[bytes] = session.serialize(session.msg("interrupt_request", {}))
        return frames

    def signed(self, *parts: bytes) -> list[bytes]:
        """Return a message with the right signature, whatever its parts are."""
        return [DELIMITER, Session(key=self.key.encode()).sign(list(parts)), *parts]

    def raw(self, *chunks: bytes) -> None:
        """Send bytes that are not ZeroMQ's, and hang up."""
        connection = socket.create_connection(self.address, 10)
        # The launcher may hang up before everything is sent.
        with connection, contextlib.suppress(OSError):
            for chunk in chunks:
                connection.sendall(chunk)
            connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close every socket; what was sent still leaves."""
        self._context.destroy(linger=1000)


def tampered(stranger: Stranger) -> None:
    frames = stranger.interrupt()
    header = json.loads(frames[2])
    frames[2] = json.dumps({**header, "msg_id": "other"}).encode()
    stranger.send(*frames)


def renamed(stranger: Stranger) -> None:
    session = Session(key=stranger.key.encode())
    frames = session.serialize(session.msg("kernel_info_request", {}))
    frames[2] = frames[2].replace(b"kernel_info_request", b"interrupt_request")
    stranger.send(*frames)


def signature(replace: Callable[[bytes], bytes]) -> Callable[[Stranger], None]:
    def send(stranger: Stranger) -> None:
        frames = stranger.interrupt()
        frames[1] = replace(frames[1])
        stranger.send(*frames)

    return send


def header(text: bytes) -> Callable[[Stranger], None]:
    return lambda stranger: stranger.send(*stranger.signed(text, b"{}", b"{}", b"{}"))


def elsewhere(stranger: Stranger) -> None:
    """An interrupt_request that stands in the wrong parts of a genuine message."""
    request = stranger.interrupt()[2]
    info = json.dumps({**json.loads(request), "msg_type": "kernel_info_request"}).encode()
    stranger.send(*stranger.signed(info, request, request, request))


def flood(stranger: Stranger) -> None:
    client = stranger.socket()
    frames = stranger.interrupt("another key")
    for _ in range(5000):
        client.send_multipart(frames)


def many_connections(stranger: Stranger) -> None:
    for _ in range(200):
        stranger.raw(b"\xff")


HOSTILE: dict[str, Callable[[Stranger], None]] = {
    "empty frame": lambda s: s.send(b""),
    "many empty frames": lambda s: s.send(*[b""] * 500),
    "delimiter only": lambda s: s.send(DELIMITER),
    "delimiter many times": lambda s: s.send(*[DELIMITER] * 50),
    "no delimiter": lambda s: s.send(*s.interrupt()[1:]),
    "delimiter twice": lambda s: s.send(DELIMITER, *s.interrupt()),
    "signature missing": signature(lambda _: b""),
    "signature wrong": signature(lambda good: good[::-1]),
    "signature cut": signature(lambda good: good[:-1]),
    "signature longer": signature(lambda good: good + b"0"),
    "signature in capitals": signature(bytes.upper),
    "signature not a text": signature(lambda _: bytes(range(256))),
    "signature very long": signature(lambda good: good * 100_000),
    "another key": lambda s: s.send(*s.interrupt("another key")),
    "empty key": lambda s: s.send(*s.signed(b"", b"", b"", b"")[:1], *s.interrupt("x")[1:]),
    "header tampered with": tampered,
    "type changed": renamed,
    "parts missing": lambda s: s.send(*s.interrupt()[:4]),
    "signature of nothing": lambda s: s.send(*s.signed()),
    "signed, too few parts": lambda s: s.send(*s.signed(s.interrupt()[2])),
    "signed, parts empty": lambda s: s.send(*s.signed(b"", b"", b"", b"")),
    "signed, header no JSON": header(b"{not json"),
    "signed, header no UTF-8": header(b"\xff\xfe\xfd"),
    "signed, header a list": header(b'["interrupt_request"]'),
    "signed, header a text": header(b'"interrupt_request"'),
    "signed, type missing": header(b'{"msg_id": "1"}'),
    "signed, type a list": header(b'{"msg_id": "1", "msg_type": ["interrupt_request"]}'),
    "signed, type unknown": header(b'{"msg_id": "1", "msg_type": "no_such_request"}'),
    "signed, JSON too deep": header(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "interrupt in other parts": elsewhere,
    "random frames": lambda s: s.send(*(secrets.token_bytes(n) for n in range(200))),
    "a large frame": lambda s: s.send(b"x" * 8_000_000),
    "a frame over the limit": lambda s: s.send(b"x" * 20_000_000),
    "five thousand messages": flood,
    "two hundred connections": many_connections,
    "raw: HTTP": lambda s: s.raw(b"GET / HTTP/1.1\r\nHost: kernel\r\n\r\n"),
    "raw: TLS": lambda s: s.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 600),
    "raw: greeting cut": lambda s: s.raw(b"\xff" + b"\0" * 8 + b"\x7f\x03"),
    "raw: old protocol": lambda s: s.raw(b"\x01\x00\x05\x00abcd" * 10),
    "raw: random": lambda s: s.raw(secrets.token_bytes(100_000)),
    "raw: nothing": lambda s: s.raw(),
    "socket of the wrong kind: SUB": lambda s: s.socket(zmq.SUB).subscribe(b""),
    "socket of the wrong kind: PUSH": lambda s: (
        s.socket(zmq.PUSH).send(b"x", zmq.DONTWAIT)
        if s.socket(zmq.PUSH).poll(100, zmq.POLLOUT)
        else None
    ),
    "socket of the wrong kind: REQ": lambda s: s.socket(zmq.REQ).send(b"interrupt_request"),
}


@pytest.fixture
def stranger(running: Launched) -> Iterator[Stranger]:
    """Somebody at the control port."""
    somebody = Stranger(running)
    yield somebody
    somebody.close()


@pytest.fixture(scope="module")
def client(running: Launched) -> Iterator[BlockingKernelClient]:
    """The rightful client."""
    return running.client()


@contextlib.contextmanager
def a_cell_that_waits(client: BlockingKernelClient, folder: Path) -> Iterator[None]:
    """Let a cell run during the block; it must not have been interrupted."""
    flag = folder / "flag"
    code = f"import pathlib, time\nwhile not pathlib.Path({str(flag)!r}).exists(): time.sleep(0.01)"
    request = begin(client, code)
    try:
        yield
        # By the answers it is certain that the launcher was at work after what the block sent.
        for _ in range(3):
            assert ask(client, "kernel_info_request")["content"]["status"] == "ok"
    finally:
        flag.touch()
    assert reply(client, request)["status"] == "ok"


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_message_does_nothing(
    kind: str, running: Launched, client: BlockingKernelClient, stranger: Stranger, tmp_path: Path
) -> None:
    with a_cell_that_waits(client, tmp_path):
        HOSTILE[kind](stranger)
        stranger.close()  # Waits until everything has been sent.
    assert running.process.poll() is None


def test_an_interrupt_played_again_does_nothing(
    client: BlockingKernelClient, stranger: Stranger, tmp_path: Path
) -> None:
    recording = stranger.interrupt()
    theirs = stranger.socket()
    theirs.send_multipart(recording)
    assert theirs.poll(30_000), "the first time it is genuine"
    with a_cell_that_waits(client, tmp_path):
        for _ in range(3):
            theirs.send_multipart(recording)
        stranger.send(*recording)
        stranger.close()


def test_after_all_that_interrupts_still_work(
    client: BlockingKernelClient, running: Launched
) -> None:
    request = begin(client, "import time\ntime.sleep(600)")
    ask(client, "interrupt_request")
    assert reply(client, request)["ename"] == "KeyboardInterrupt"
    assert execute(client, "print('next')").strip() == "next"
    assert running.connection["key"] not in running.output


def test_refusals_do_not_fill_the_log(running: Launched, client: BlockingKernelClient) -> None:
    stranger = Stranger(running)
    flood(stranger)
    stranger.close()
    ask(client, "kernel_info_request")
    refusals = [line for line in running.output.splitlines() if "was refused" in line]
    assert 1 <= len(refusals) <= 6, refusals
