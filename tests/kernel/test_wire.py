"""Jupyter's messages as frames, against jupyter_client's own idea of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jupyter_client.session import Session

from eg_ext.kernel.wire import DELIMITER, Replays, Writer, genuine_type, sign, signature_of

KEY = b"a key"
FRAMES = st.lists(st.binary(max_size=40), max_size=8)
PARTS = st.lists(st.binary(max_size=40), min_size=4, max_size=4)


@given(FRAMES.filter(lambda frames: DELIMITER not in frames), st.text(max_size=20), FRAMES)
def test_what_jupyter_client_writes_is_genuine(
    identities: list[bytes], kind: str, buffers: list[bytes]
) -> None:
    session = Session(key=KEY)
    frames = [*identities, *session.serialize(session.msg(kind)), *buffers]
    assert genuine_type(KEY, frames) == kind
    assert signature_of(frames) == frames[len(identities) + 1]


def test_jupyter_client_reads_what_is_written() -> None:
    session = Session(key=KEY)
    request = [b"one", b"two", *session.serialize(session.msg("interrupt_request"))]
    frames = Writer(KEY).reply(request, "interrupt_reply", {"status": "ok"})
    identities, message = session.feed_identities(frames)
    assert identities == [b"one", b"two"]
    reply = Session(key=KEY).deserialize(message)
    assert reply["msg_type"] == "interrupt_reply"
    assert reply["content"] == {"status": "ok"}
    assert reply["parent_header"]["msg_id"] == json.loads(request[4])["msg_id"]


@given(PARTS, st.integers(0, 3), st.binary(min_size=1, max_size=5))
def test_a_change_in_any_signed_part_is_noticed(
    parts: list[bytes], index: int, more: bytes
) -> None:
    signature = sign(KEY, parts)
    changed = [*parts]
    changed[index] += more
    assume(b"".join(changed) != b"".join(parts))
    assert genuine_type(KEY, [DELIMITER, signature, *parts]) is not None
    assert genuine_type(KEY, [DELIMITER, signature, *changed]) is None


@given(FRAMES)
def test_frames_without_a_signature_are_never_genuine(frames: list[bytes]) -> None:
    assert genuine_type(KEY, frames) is None
    assert genuine_type(KEY, [DELIMITER, *frames]) is None


@given(PARTS)
def test_signed_nonsense_has_no_type(parts: list[bytes]) -> None:
    kind = genuine_type(KEY, [DELIMITER, sign(KEY, parts), *parts])
    assert kind == "" or json.loads(parts[0])["msg_type"] == kind


@pytest.mark.parametrize("header", [b"[]", b"1", b"null", b'{"msg_type": 1}', b"[" * 100_000])
def test_odd_headers_have_no_type(header: bytes) -> None:
    parts = [header, b"{}", b"{}", b"{}"]
    assert genuine_type(KEY, [DELIMITER, sign(KEY, parts), *parts]) == ""


def test_a_signature_is_new_once() -> None:
    replays = Replays()
    assert not replays.seen(b"a")
    assert not replays.seen(b"b")
    assert replays.seen(b"a")
    assert replays.seen(b"b")


@given(st.lists(st.binary(max_size=2), max_size=200), st.integers(1, 50))
def test_the_latest_signatures_are_remembered_and_no_more(seen: list[bytes], size: int) -> None:
    replays = Replays(size)
    new = [signature for signature in seen if not replays.seen(signature)]
    for signature in new[-size:]:
        assert replays.seen(signature)
    assert len(replays) <= size
