"""A catalog with many mistakes: each is reported, all at once, where it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eg_ext.catalog import CatalogError, Problem, load, loads

from .samples import TEXT, problems_of, profile_with

MISTAKES = Path(__file__).with_name("mistakes.yaml")
MARK = re.compile(r"#! (?P<column>\d+) (?P<words>.+)$")


def expected() -> dict[tuple[int, int], list[str]]:
    found: dict[tuple[int, int], list[str]] = {}
    for number, line in enumerate(MISTAKES.read_text().splitlines(), 1):
        mark = MARK.search(line)
        if mark:
            found.setdefault((number, int(mark["column"])), []).append(mark["words"])
    return found


def test_every_mistake_is_reported_at_its_line_and_column_and_nothing_else_is() -> None:
    with pytest.raises(CatalogError) as caught:
        load(MISTAKES)
    problems = caught.value.problems
    assert {(each.line, each.column) for each in problems} == set(expected())
    assert len(problems) == sum(len(words) for words in expected().values())
    for each in problems:
        words = expected()[each.line, each.column]
        assert any(part in str(each) for part in words), f"{each}\nis not: {words}"


def test_problems_are_printed_as_editors_and_ci_read_them() -> None:
    with pytest.raises(CatalogError) as caught:
        load(MISTAKES)
    for line in str(caught.value).splitlines():
        assert re.match(rf"{re.escape(str(MISTAKES))}:\d+:\d+: \S", line)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("version: 1\nprofiles: [\n", 3, 1, "not YAML"),
        ("a: b: c", 1, 5, "not YAML: mapping values are not allowed here"),
        ("a:\n\t- b", 2, 1, "not YAML"),
        ("a: *b", 1, 4, "not YAML: found undefined alias"),
        ("a: 1\n---\nb: 2", 2, 1, "not YAML: expected a single document"),
        ("a: \x07", 1, 4, "not YAML: the character"),
        ("", 1, 1, "a catalog is a mapping with the keys version, namespace and profiles"),
        ("- a", 1, 1, "a catalog is a mapping"),
        ("a: !python/object:os.system x", 1, 4, "cannot read 'x' as !python/object"),
        ("a: &x {b: *x}", 1, 4, "an alias stands inside the thing that it names"),
        ("a: .inf", 1, 4, "'.inf' has no meaning to Kubernetes"),
        ("? [a, b]\n: c", 1, 3, "is not text"),
        ("<<: 3", 1, 5, "'<<' takes a mapping or a list of mappings"),
    ],
)
def test_what_is_no_catalog_at_all_has_a_place_too(
    text: str, line: int, column: int, words: str
) -> None:
    assert any(
        (each.line, each.column) == (line, column) and words in each.message
        for each in problems_of(text)
    )


@pytest.mark.parametrize(
    ("version", "hint"), [('"1"', "Write it without quotes."), ("'1'", "Write it without quotes.")]
)
def test_a_version_in_quotes_is_told_to_lose_them(version: str, hint: str) -> None:
    (problem,) = problems_of(TEXT.replace("version: 1", f"version: {version}"))
    assert "version '1' is not known; this eg-ext reads version 1" in problem.message
    assert problem.hint == hint
    assert (problem.line, problem.column) == (1, 10)


def test_another_version_gets_no_hint_about_quotes() -> None:
    (problem,) = problems_of(TEXT.replace("version: 1", "version: 2"))
    assert problem.hint == ""


@pytest.mark.timeout(30)
def test_a_small_file_cannot_unfold_to_a_huge_one() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert "unfold to too much" in problems_of("\n".join(lines))[0].message


def test_deep_nesting_is_a_problem_and_not_a_crash() -> None:
    assert problems_of("a: " + "[" * 10_000)


def test_a_file_that_is_no_text_or_is_missing_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    with pytest.raises(CatalogError, match="cannot be read: No such file"):
        load(file)
    file.write_bytes(b"version: 1\nnamespace: \xff\n")
    with pytest.raises(CatalogError, match="not UTF-8") as caught:
        load(file)
    assert [(each.line, each.column) for each in caught.value.problems] == [(2, 12)]


@pytest.mark.parametrize(
    ("namespace", "words"),
    [
        ('"hub-{user}"', "{user} is not known here. Did you mean '{username}'?"),
        ('"hub-{unescaped_username}"', "is not known here"),
        ('"hub-{}"', "{} is not known here"),
        ('"hub-{username"', "a brace has no partner"),
        ("Hub", "is not a namespace"),
        ('"-{username}"', "is not a namespace"),
        ('"{username}_x"', "is not a namespace"),
        ('"a-namespace-name-{username}"', "there is room for 15 characters"),
        ('""', "must not be empty"),
        ("5", "expected text, got the number 5"),
    ],
)
def test_a_namespace_that_cannot_exist_is_an_error_at_load(namespace: str, words: str) -> None:
    text = TEXT.replace('"hub-{username}"', namespace)
    (problem,) = problems_of(text)
    assert words in str(problem)
    assert (problem.line, problem.column) == (2, 12)


def test_the_place_of_a_mistake_in_an_alias_is_where_it_is_written() -> None:
    block = """\
kernel: &sized
  resources: {limits: {memory: 4Q}}
"""
    text = profile_with(block) + "\n  - slug: two\n    display_name: Two\n    kernel: *sized\n"
    assert {(each.line, each.column) for each in problems_of(text)} == {(7, 36)}


def test_the_place_of_a_mistake_that_was_merged_in_is_where_it_is_written() -> None:
    block = """\
kernel:
  <<: &common {tty: 3}
  env: []
"""
    assert [(each.line, each.column) for each in problems_of(profile_with(block))] == [(7, 25)]


def test_aliases_and_merge_keys_work() -> None:
    block = """\
kernel: &kernel
  resources: {limits: {memory: 1Gi}}
  tty: true
"""
    more = "\n  - slug: two\n    display_name: Two\n    kernel: {<<: *kernel, tty: false}\n"
    one, two = loads(profile_with(block) + more).profiles
    assert two.kernel == {**one.kernel, "tty": False}


def test_what_yaml_takes_for_a_date_is_text() -> None:
    block = "kernel: {env: [{name: DAY, value: 2024-01-01}]}"
    assert loads(profile_with(block)).profiles[0].kernel["env"][0]["value"] == "2024-01-01"


def test_a_field_that_kubernetes_adds_tomorrow_is_passed_on_with_a_warning() -> None:
    catalog = loads(profile_with("pod: {futureField: {a: 1}}"))
    assert catalog.profiles[0].pod == {"futureField": {"a": 1}}
    (warning,) = catalog.warnings
    assert isinstance(warning, Problem)
    assert warning.warning
    assert (warning.line, warning.column) == (6, 11)


@pytest.mark.parametrize("field", ["hostnameSuffix", "nodeSelectorPolicy", "volumesFrom", "gpu"])
def test_a_longer_name_than_a_known_one_is_not_taken_for_a_slip(field: str) -> None:
    assert [each.warning for each in loads(profile_with(f"pod: {{{field}: 1}}")).warnings] == [True]


@pytest.mark.parametrize(
    ("block", "field", "meant"),
    [
        ("kernel", "evn", "env"),
        ("kernel", "Image", "image"),
        ("kernel", "resource", "resources"),
        ("kernel", "volume_mounts", "volumeMounts"),
        ("kernel", "imagePullPolcy", "imagePullPolicy"),
        ("pod", "toleration", "tolerations"),
        ("pod", "node-selector", "nodeSelector"),
        ("pod", "prioritiyClassName", "priorityClassName"),
    ],
)
def test_a_slip_of_the_pen_is_told_from_a_new_field(block: str, field: str, meant: str) -> None:
    (problem,) = problems_of(profile_with(f"{block}: {{{field}: null}}"))
    assert problem.hint == f"Did you mean {meant!r}?"
    assert not problem.warning


def test_null_is_allowed_wherever_it_can_delete() -> None:
    block = "kernel: {resources: null, env: null, securityContext: {runAsUser: null}}"
    assert loads(profile_with(block)).profiles[0].kernel["env"] is None
