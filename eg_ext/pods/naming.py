"""Names of pods that people can read in ``kubectl get pods``."""

from __future__ import annotations

import re

from ..catalog import Plan, is_dns_label, username_slug

_MAX_LENGTH = 63
_USER_LENGTH = 24
_UNSAFE = re.compile(r"[^a-z0-9]+")


def pod_name(plan: Plan, suffix: str) -> str:
    """``alice-python-gpu-x7k2q``: a DNS label of at most 63 characters.

    The caller's ``suffix`` (up to 16 of ``a-z 0-9``) makes it unique; what stands before
    it is for people and is cut where it gets too long.  Raises ValueError for another suffix.
    """
    if not is_dns_label(suffix) or len(suffix) > 16 or "-" in suffix:
        raise ValueError(f"{suffix!r} is not a suffix of a pod's name: up to 16 of a-z and 0-9")
    what = _readable(f"{plan.kernelspec}-{plan.profile}")
    user = _readable(username_slug(plan.user))
    room = _MAX_LENGTH - len(suffix) - len("--")
    user = user[: max(_USER_LENGTH, room - len(what))].rstrip("-")
    what = what[: room - len(user)].rstrip("-")
    return "-".join(part for part in (user, what, suffix) if part)


def _readable(text: str) -> str:
    return _UNSAFE.sub("-", text.lower()).strip("-")
