"""The connection that the environment gives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eg_ext.kernel.connection import kernel_info, loads
from eg_ext.kernel.errors import LaunchError

from .running import make_connection

KEY = "d0-not-tell-anybody"


def text(**changes: object) -> str:
    """A connection as JSON; the same in every process, since it becomes part of a test's name."""
    return json.dumps(make_connection(**{"key": KEY, "ip": "127.0.0.1", **changes}))


def test_a_connection_file_is_read() -> None:
    connection = loads(text(ip="127.0.0.1"))
    assert (connection.ip, connection.control_port, connection.key) == (
        "127.0.0.1",
        9804,
        KEY.encode(),
    )


def test_only_the_control_port_differs_for_the_kernel() -> None:
    given_info = make_connection(ip="127.0.0.1", further={"kept": True})
    info = kernel_info(loads(json.dumps(given_info)))
    assert info.pop("control_port") not in range(9801, 9806)
    del given_info["control_port"]
    assert info == given_info


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (None, "missing or empty"),
        ("", "missing or empty"),
        (f'{{"key": "{KEY}", ', "not valid JSON"),
        pytest.param("[" * 100_000, "not valid JSON", id="nested too deeply"),
        (f'["{KEY}"]', "not a JSON object"),
        (text(transport="ipc"), "transport must be 'tcp'"),
        (text(signature_scheme="hmac-md5"), "signature_scheme must be 'hmac-sha256'"),
        (text(ip=""), "ip must be an address"),
        (text(ip=0), "ip must be an address"),
        (text(key=""), "key must not be empty"),
        (text(key=None), "key must not be empty"),
        (text(shell_port=0), "shell_port must be a number"),
        (text(iopub_port=65536), "iopub_port must be a number"),
        (text(stdin_port="9803"), "stdin_port must be a number"),
        (text(control_port=True), "control_port must be a number"),
        (text(hb_port=None), "hb_port must be a number"),
        (text(hb_port=9801), "five ports must be different"),
    ],
)
def test_mistakes_are_explained_without_the_key(value: str | None, part: str) -> None:
    with pytest.raises(LaunchError) as caught:
        loads(value)
    assert part in str(caught.value)
    assert caught.value.exit_code == 2
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NAMES = st.sampled_from(sorted(make_connection()))


@given(st.dictionaries(NAMES, JSON))
def test_odd_values_are_refused_or_read_and_nothing_else(changes: dict[str, Any]) -> None:
    try:
        connection = loads(json.dumps({**make_connection(), **changes}))
    except LaunchError:
        return
    assert connection.key
    assert 0 < connection.control_port < 65536
