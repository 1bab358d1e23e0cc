"""Jupyter messages as they travel over a websocket. Pure.

The default protocol of the kernels API: a message without buffers is a text frame of JSON, one with
buffers (widgets) is a binary frame of a count, as many offsets from its start, the JSON and the
buffers; numbers are 32 bits, big-endian.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from datetime import datetime
from typing import Any

Message = dict[str, Any]


def encode(channel: str, message: Mapping[str, Any]) -> str:
    """Return the text frame that sends a message without buffers on a channel."""
    return json.dumps({**message, "channel": channel, "buffers": []}, default=_plain)


def decode(frame: str | bytes) -> Message:
    """Return the message of a frame, with its ``channel`` and ``buffers``.

    :raises ValueError: when it is not a Jupyter message.
    """
    buffers: list[bytes] = []
    if isinstance(frame, bytes):
        frame, *buffers = _parts(frame)
    message = json.loads(frame)
    if not isinstance(message, dict) or not isinstance(message.get("header"), dict):
        raise ValueError("a frame without a message header")
    message["buffers"] = buffers
    message["msg_type"] = message["header"].get("msg_type", "")
    for part in ("parent_header", "metadata", "content"):
        if not isinstance(message.get(part), dict):
            message[part] = {}
    return _mended(message)


def parent_id(message: Message) -> str | None:
    """Return the id of the request that a message answers, None when there is none."""
    return message["parent_header"].get("msg_id")


def _mended(message: Message) -> Message:
    """Put strings where kernels are known to leave null and a notebook may not.

    An exception without a message has ``evalue: null`` in more than one kernel, and a notebook with
    that is not valid: it could not be saved, and the error would be lost.
    """
    content = message["content"]
    if message["msg_type"] == "error" or content.get("status") == "error":
        for key in ("ename", "evalue"):
            value = content.get(key)
            content[key] = "" if value is None else str(value)
        content["traceback"] = [str(line) for line in content.get("traceback") or []]
    return message


def _parts(frame: bytes) -> list[bytes]:
    """Cut a binary frame at its offsets."""
    try:
        (count,) = struct.unpack_from("!I", frame)
        offsets = struct.unpack_from(f"!{count}I", frame, 4)
    except struct.error as error:
        raise ValueError("a binary frame that is too short") from error
    ends = [*offsets[1:], len(frame)]
    if not offsets or list(offsets) != sorted(offsets) or offsets[-1] > len(frame):
        raise ValueError("a binary frame with wrong offsets")
    return [frame[start:end] for start, end in zip(offsets, ends, strict=True)]


def _plain(value: object) -> str:
    """Write a date, the only thing in a request's header that JSON has no form for."""
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
