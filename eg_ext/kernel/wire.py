"""Jupyter's messages as frames: whose are they, and are they genuine?

``[identity…, b"<IDS|MSG>", signature, header, parent header, metadata, content, buffer…]``, where
the signature covers the four parts after it. Nothing here opens a socket.
"""

from __future__ import annotations

import hmac
import json
import os
import time
from collections.abc import Sequence
from typing import Any

DELIMITER = b"<IDS|MSG>"
HISTORY = 65536
"""How many signatures are remembered, as in jupyter_client."""


def sign(key: bytes, parts: Sequence[bytes]) -> bytes:
    """Return the hexadecimal HMAC-SHA256 of header, parent header, metadata and content."""
    digest = hmac.new(key, digestmod="sha256")
    for part in parts:
        digest.update(part)
    return digest.hexdigest().encode()


def genuine_type(key: bytes, frames: Sequence[bytes]) -> str | None:
    """Return the message type of ``frames``, or None unless they are signed with ``key``.

    A genuine message whose header cannot be read has the type ``""``. Only signed bytes are
    parsed, so a stranger cannot choose what the JSON parser sees.
    """
    try:
        start = frames.index(DELIMITER)
    except ValueError:
        return None
    signature, parts = frames[start + 1 : start + 2], frames[start + 2 : start + 6]
    if len(parts) < 4 or not hmac.compare_digest(signature[0], sign(key, parts)):
        return None
    try:
        header = json.loads(parts[0])
    except (ValueError, RecursionError):
        return ""
    kind = header.get("msg_type") if isinstance(header, dict) else None
    return kind if isinstance(kind, str) else ""


def signature_of(frames: Sequence[bytes]) -> bytes:
    """Return the signature of a message that :func:`genuine_type` found to be genuine."""
    return frames[frames.index(DELIMITER) + 1]


class Replays:
    """Remembers signatures: the same one twice is a recording, played again."""

    def __init__(self, size: int = HISTORY) -> None:
        self._size = size
        self._seen: dict[bytes, None] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def seen(self, signature: bytes) -> bool:
        """Return whether ``signature`` came before, and remember it; the oldest is forgotten."""
        if signature in self._seen:
            return True
        self._seen[signature] = None
        if len(self._seen) > self._size:
            del self._seen[next(iter(self._seen))]
        return False


class Writer:
    """Writes signed messages in the launcher's own name."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._session = os.urandom(16).hex()

    def message(
        self,
        identities: Sequence[bytes],
        kind: str,
        content: dict[str, Any],
        parent: bytes = b"{}",
    ) -> list[bytes]:
        """Return the frames of a message of type ``kind``; ``parent`` is a header as it came."""
        header = {
            "msg_id": os.urandom(16).hex(),
            "session": self._session,
            "username": "eg-ext",
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "msg_type": kind,
            "version": "5.3",
        }
        parts = [json.dumps(header).encode(), parent, b"{}", json.dumps(content).encode()]
        return [*identities, DELIMITER, sign(self._key, parts), *parts]

    def reply(self, request: Sequence[bytes], kind: str, content: dict[str, Any]) -> list[bytes]:
        """Return the answer to ``request``, addressed to whoever sent it."""
        start = list(request).index(DELIMITER)
        return self.message(request[:start], kind, content, parent=request[start + 2])
