"""A kernel's websocket, driven as a Jupyter client does."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import websocket

from .gateways import RunningGateway

__all__ = ["Channels", "Reply"]


@dataclass
class Reply:
    """What came of one execute request."""

    status: str
    content: dict[str, Any]
    text: str = ""
    result: str = ""
    errors: list[str] = field(default_factory=list)


class Channels:
    """One client of one kernel.

    Args:
        gateway: where the kernel was started.
        kernel_id: the kernel.
        session: the client's session id; the same one again is a reconnect.
    """

    def __init__(self, gateway: RunningGateway, kernel_id: str, session: str | None = None) -> None:
        self.session = session or uuid.uuid4().hex
        url = gateway.url.replace("http", "ws", 1)
        self.socket = websocket.create_connection(
            f"{url}/api/kernels/{kernel_id}/channels?session_id={self.session}",
            header={"Authorization": f"token {gateway.token}"},
            timeout=90,
        )

    def __enter__(self) -> Channels:
        return self

    def __exit__(self, *exc: object) -> None:
        self.socket.close()

    def send(self, msg_type: str, content: dict[str, Any], channel: str = "shell") -> str:
        """Send one message and return its id."""
        msg_id = uuid.uuid4().hex
        header = {
            "msg_id": msg_id,
            "msg_type": msg_type,
            "session": self.session,
            "username": "test",
            "version": "5.3",
            "date": "2026-01-01T00:00:00Z",
        }
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": channel,
            "buffers": [],
        }
        self.socket.send(json.dumps(message))
        return msg_id

    def receive(self, patience: float = 60) -> dict[str, Any]:
        """The next message."""
        self.socket.settimeout(patience)
        message: dict[str, Any] = json.loads(self.socket.recv())
        return message

    def until(self, wanted: Any, patience: float = 60) -> dict[str, Any]:
        """The first message that `wanted` says yes to."""
        end = time.monotonic() + patience
        seen = []
        while (left := end - time.monotonic()) > 0:
            try:
                message = self.receive(left)
            except websocket.WebSocketTimeoutException:
                break
            if wanted(message):
                return message
            seen.append((message["msg_type"], message["content"]))
        raise AssertionError(f"nothing of the kind within {patience} s; seen: {seen[-10:]}")

    def request_execution(self, code: str) -> str:
        """Send an execute request and return its id."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        return self.send("execute_request", content)

    def collect(self, msg_id: str, patience: float = 60) -> Reply:
        """Everything that comes of an execute request, until it is idle and replied to."""
        reply: Reply | None = None
        text, result, errors, idle = "", "", [], False
        end = time.monotonic() + patience
        while reply is None or not idle:
            message = self.receive(max(0.1, end - time.monotonic()))
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                text += content["text"]
            elif kind == "execute_result":
                result = content["data"]["text/plain"]
            elif kind == "error":
                errors.append(f"{content['ename']}: {content['evalue']}")
            elif kind == "status":
                idle = idle or content["execution_state"] == "idle"
            elif kind == "execute_reply":
                reply = Reply(content["status"], content)
        reply.text, reply.result, reply.errors = text, result, errors
        return reply

    def execute(self, code: str, patience: float = 60) -> Reply:
        """Run code and wait for its end."""
        return self.collect(self.request_execution(code), patience)
