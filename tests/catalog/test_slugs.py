from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubespawner import slugs

from eg_ext.catalog import is_dns_label, label_value, username_slug

# As kubespawner 7.1 makes them: slugs.safe_slug(name, max_length=48).
KUBESPAWNER = {
    "alice": "alice",
    "Alice": "alice---3bc51062",
    "bob.smith": "bob-smith---365b77fb",
    "bob-smith": "bob-smith",
    "bob--smith": "bob-smith---9970a4c8",
    "bob---3bc51062": "bob-3bc51062---d2eaa157",
    "-alice-": "alice---8bbe7cdb",
    "1alice": "x-1alice---6c6413ac",
    "42": "x-42---73475cb4",
    "é": "x---4a99557e",
    "Zoë": "zo---c6a12698",
    "李雷": "x---3a47328a",
    "user@example.com": "user-example-com---b4c9a289",
    "a_b": "a-b---648fa9b3",
    "a.b": "a-b---2e7336dc",
    "-": "x---3973e022",
    "x" * 48: "x" * 48,
    "x" * 49: "x" * 37 + "---55bb9823",
    "1" + "x" * 60: "x-1" + "x" * 34 + "---f9d011d4",
    "12345678901234567890123456789012345678901234-67": (
        "x-12345678901234567890123456789012345---251945ad"
    ),
    "alice\n": "alice---f87165e3",
    "İstanbul": "i-stanbul---24ec8f72",
    "0-" * 30: "x-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0---398b3f21",
}

names = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=90),
    st.text("ab1-_.A\n", min_size=1, max_size=90),
)


@pytest.mark.parametrize(("name", "slug"), KUBESPAWNER.items())
def test_a_username_becomes_what_kubespawner_makes_of_it(name: str, slug: str) -> None:
    assert username_slug(name) == slug


@given(names)
def test_a_username_becomes_what_the_installed_kubespawner_makes_of_it(name: str) -> None:
    assert username_slug(name) == slugs.safe_slug(name, max_length=48)


@given(names)
def test_every_username_becomes_a_dns_label(name: str) -> None:
    slug = username_slug(name)
    assert is_dns_label(slug)
    assert len(slug) <= 48
    assert "a" <= slug[0] <= "z"


@given(names, names)
def test_two_users_never_share_a_slug(one: str, other: str) -> None:
    assert (username_slug(one) == username_slug(other)) == (one == other)


@given(names)
def test_nobody_can_be_named_like_the_slug_of_another(name: str) -> None:
    slug = username_slug(name)
    assert slug == name or username_slug(slug) != slug


@pytest.mark.parametrize("name", ["", "\ud800"])
def test_a_name_that_cannot_be_a_users_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"empty|surrogates"):
        username_slug(name)


@given(names)
def test_every_text_becomes_a_label_value_and_good_ones_stay(text: str) -> None:
    value = label_value(text)
    assert len(value) <= 63
    assert label_value(value) == value


@pytest.mark.parametrize("value", ["", "python", "Python_3.11", "a" * 63])
def test_a_label_value_stays_as_it_is(value: str) -> None:
    assert label_value(value) == value


@pytest.mark.parametrize("text", ["_python", "python-", "a b", "a" * 64])
def test_what_is_no_label_value_is_replaced(text: str) -> None:
    assert label_value(text) != text
