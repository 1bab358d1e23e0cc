from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ["kubernetes", "tornado", "enterprise_gateway", "jupyter_client", "click", "asyncio", "zmq"]


@pytest.mark.parametrize("room", ["eg_ext", "eg_ext.catalog", "eg_ext.pods"])
def test_a_pure_room_loads_without_cluster_and_gateway(room: str) -> None:
    code = f"import sys, {room}; print([each for each in {HEAVY} if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
