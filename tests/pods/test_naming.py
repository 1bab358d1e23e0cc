from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eg_ext.catalog import is_dns_label
from eg_ext.pods import pod_name

from .samples import gpu_plan

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100)
slugs = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)
suffixes = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=16)


def test_a_pod_is_called_after_its_user_kernelspec_and_profile() -> None:
    assert pod_name(gpu_plan(), "x7k2q") == "alice-python-gpu-x7k2q"


def test_a_name_that_gets_too_long_is_cut_in_front_of_the_suffix() -> None:
    plan = replace(gpu_plan(user="a" * 48), kernelspec="python" * 8, profile="profile" * 5)
    name = pod_name(plan, "x7k2q")
    assert len(name) == 63
    assert name.startswith("a" * 24 + "-python")
    assert name.endswith("-x7k2q")


@given(texts, texts, slugs, suffixes)
def test_every_name_is_a_dns_label_and_ends_with_its_suffix(
    user: str, kernelspec: str, profile: str, suffix: str
) -> None:
    plan = replace(gpu_plan(), user=user, kernelspec=kernelspec, profile=profile)
    name = pod_name(plan, suffix)
    assert is_dns_label(name)
    assert name.endswith(f"-{suffix}")


@pytest.mark.parametrize("suffix", ["", "A", "a-b", "a" * 17, "a_b", "é"])
def test_a_suffix_that_would_spoil_the_name_is_refused(suffix: str) -> None:
    with pytest.raises(ValueError, match="is not a suffix"):
        pod_name(gpu_plan(), suffix)
