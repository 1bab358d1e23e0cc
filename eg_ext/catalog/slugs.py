"""Names of people and things as Kubernetes takes them.

A username becomes part of namespaces, labels and pod names, so it has to become a
DNS label, and two people must never become the same one.  JupyterHub's kubespawner
solved this with its "safe" scheme, and its namespaces and claims exist already; so
``{username}`` here expands to exactly what kubespawner makes of it:

* a name that is a DNS label already stays as it is;
* any other name is reduced to lower-case letters, digits and single hyphens, cut,
  and followed by ``---`` and eight hexadecimal digits of its SHA-256;
* a name that holds ``--`` always takes the second way, so that nobody can choose a
  name that looks like somebody else's result.
"""

from __future__ import annotations

import hashlib
import re

MAX_LABEL = 63
USERNAME_SLUG_LENGTH = 48
"""kubespawner's own length for an expanded ``{username}``."""

_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_STARTS_WITH_LETTER = re.compile(r"[a-z]")
_UNSAFE = re.compile(r"[^a-z0-9]+")
_HASH_DIGITS = 8


def is_dns_label(text: str) -> bool:
    """Whether ``text`` can name a namespace (RFC 1123: at most 63 of ``a-z 0-9 -``)."""
    return len(text) <= MAX_LABEL and _DNS_LABEL.fullmatch(text) is not None


def is_label_value(text: str) -> bool:
    """Whether ``text`` can be the value of a Kubernetes label."""
    return text == "" or (len(text) <= MAX_LABEL and _LABEL_VALUE.fullmatch(text) is not None)


def username_slug(username: str) -> str:
    """What ``{username}`` expands to: a DNS label of at most 48 characters.

    Raises ValueError for a name that is empty or cannot be encoded as UTF-8.
    """
    if not username:
        raise ValueError("the username is empty")
    return safe_slug(username, USERNAME_SLUG_LENGTH)


def safe_slug(name: str, max_length: int) -> str:
    """``name`` as a DNS label that starts with a letter, in kubespawner's "safe" scheme.

    ``max_length`` must leave room for the hash: at least 12, at most 63.
    """
    unchanged = (
        "--" not in name
        and len(name) <= max_length
        and is_dns_label(name)
        and _STARTS_WITH_LETTER.match(name) is not None
    )
    return name if unchanged else _strip_and_hash(name, max_length)


def label_value(text: str) -> str:
    """``text`` itself if it can be a label's value, else its safe slug."""
    return text if is_label_value(text) else safe_slug(text, MAX_LABEL)


def _strip_and_hash(name: str, max_length: int) -> str:
    readable = max_length - _HASH_DIGITS - len("---")
    if readable < 1:
        raise ValueError(f"a slug of {max_length} characters has no room for its hash")
    digest = hashlib.sha256(name.encode("utf8")).hexdigest()[:_HASH_DIGITS]
    return f"{_readable_part(name, readable)}---{digest}"


def _readable_part(name: str, length: int) -> str:
    """The part of a slug that people recognise; never empty, and starts with a letter."""
    text = _UNSAFE.sub("-", name.lower()).lstrip("-")[:length].rstrip("-")
    if text and not _STARTS_WITH_LETTER.match(text):
        text = "x-" + text[: length - 2]
    return text or "x"
