"""`make demo`, from where the environment, the cluster and the image are there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.jobs, pytest.mark.xdist_group("gpu")]


@pytest.mark.usefixtures("gpus")
def test_the_demo_shows_two_profiles_and_leaves_a_gateway(
    kubeconfig: str, tmp_path: Path, repository: Path
) -> None:
    environment = {**os.environ, "KUBECONFIG": kubeconfig, "XDG_STATE_HOME": str(tmp_path)}
    demo = [sys.executable, repository / "examples" / "demo.py"]
    done = subprocess.run(demo, env=environment, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if "hub-demo/" in line}
    assert set(rows) == {"small", "gpu"}
    assert "cpu 500m, memory 1Gi" in rows["small"]
    assert "nvidia.com/gpu 1" in rows["gpu"]
    assert "17984 primes" in rows["small"]
    found = re.search(r"The gateway listens at (\S+) ", done.stdout)
    assert found is not None
    url = f"{found[1]}/api"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(url, timeout=10)
    stopped = subprocess.run([*demo, "--stop"], env=environment, capture_output=True, timeout=60)
    assert stopped.returncode == 0
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(url, timeout=10)
