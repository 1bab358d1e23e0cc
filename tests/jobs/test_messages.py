"""Messages to and from a websocket."""

from __future__ import annotations

import json
import struct
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eg_ext.jobs.messages import decode, encode, parent_id

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def binary(message: dict[str, Any], *buffers: bytes) -> bytes:
    """A frame as a gateway makes it of a message with buffers."""
    parts = [json.dumps(message).encode(), *buffers]
    offsets = [4 * (len(parts) + 1)]
    for part in parts[:-1]:
        offsets.append(offsets[-1] + len(part))
    return struct.pack(f"!{len(parts) + 1}I", len(parts), *offsets) + b"".join(parts)


def message(msg_type: str, **content: Any) -> dict[str, Any]:
    return {"header": {"msg_type": msg_type, "msg_id": "1"}, "content": content}


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_what_is_sent_can_be_read(content: dict[str, Any]) -> None:
    content.pop("status", None)
    date = datetime(2026, 1, 2, tzinfo=timezone.utc)
    header = {"msg_type": "comm_msg", "msg_id": "1", "date": date}
    read = decode(encode("shell", {"header": header, "content": content}))
    assert read["channel"] == "shell"
    assert read["content"] == content
    assert read["header"] == {**header, "date": date.isoformat()}


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=4))
def test_buffers_are_cut_where_they_end(buffers: list[bytes]) -> None:
    read = decode(binary(message("comm_msg", data=1), *buffers))
    assert read["buffers"] == buffers
    assert read["content"] == {"data": 1}


@given(st.binary(max_size=60) | st.text(max_size=60) | JSON.map(json.dumps))
def test_what_is_no_message_is_a_value_error(frame: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its message is the decoder's own affair
        decode(frame)


@given(st.integers(0, 40))
def test_a_binary_frame_cut_short_is_a_value_error(length: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decode(binary(message("comm_msg"), b"buffer")[:length])


def test_missing_parts_are_empty() -> None:
    read = decode(json.dumps({"header": {"msg_type": "status"}, "parent_header": None}))
    assert (read["metadata"], read["content"], read["buffers"]) == ({}, {}, [])
    assert parent_id(read) is None


@pytest.mark.parametrize(
    "bad",
    [
        message("error", ename="Exception", evalue=None, traceback=None),
        message("execute_reply", status="error", ename="Exception", evalue=None),
        message("execute_reply", status="error", ename="Exception", traceback=[]),
    ],
)
def test_an_error_has_strings_where_a_kernel_left_null(bad: dict[str, Any]) -> None:
    content = decode(json.dumps(bad))["content"]
    assert (content["ename"], content["evalue"], content["traceback"]) == ("Exception", "", [])


def test_a_good_reply_is_left_alone() -> None:
    content = {"status": "ok", "execution_count": 1}
    assert decode(json.dumps(message("execute_reply", **content)))["content"] == content
