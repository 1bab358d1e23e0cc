"""From a file to a :class:`Catalog`, or to all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from .complaints import complaints
from .model import CatalogFile, Profile
from .partials import check_partial
from .problems import CatalogError, Problem
from .slugs import MAX_LABEL, USERNAME_SLUG_LENGTH, is_dns_label
from .source import Path, Source, dotted
from .templates import check_template, expand

NAMESPACE_NAMES = ("username",)


@dataclass(frozen=True)
class Catalog:
    """A catalog that was loaded and found right.

    ``warnings`` are things that may be mistakes: fields that this version does not
    know but Kubernetes may.
    """

    name: str
    namespace: str
    profiles: tuple[Profile, ...]
    warnings: tuple[Problem, ...] = field(default=(), compare=False)

    @property
    def default_profile(self) -> Profile:
        """The profile for requests that name none: the marked one, else the first."""
        return next((each for each in self.profiles if each.default), self.profiles[0])

    def profile(self, slug: str) -> Profile | None:
        """The profile with this slug; None if there is none."""
        return next((each for each in self.profiles if each.slug == slug), None)


def load(path: str | FilePath) -> Catalog:
    """Read a catalog file.

    Raises :class:`CatalogError` for what is wrong in it, also if it cannot be read.
    """
    try:
        data = FilePath(path).read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise CatalogError([Problem(str(path), 0, 0, message)]) from error
    try:
        text = data.decode("utf8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf8")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        problem = Problem(str(path), line, column, "the file is not UTF-8 text")
        raise CatalogError([problem]) from error
    return loads(text, str(path))


def loads(text: str, name: str = "catalog.yaml") -> Catalog:
    """Read a catalog from its text; ``name`` is what problems call the file."""
    source = Source(text, name)
    problems = list(source.problems)
    if not isinstance(source.value, dict):
        message = "a catalog is a mapping with the keys version, namespace and profiles"
        raise CatalogError([*problems, source.problem((), message)])
    file: CatalogFile | None = None
    try:
        file = CatalogFile.model_validate(source.value)
    except ValidationError as error:
        problems += complaints(source, error)
    problems += _check_namespace(source)
    problems += _check_profiles(source)
    warnings: list[Problem] = []
    for path, partial, block in _partials(source.value):
        for finding in check_partial(partial, block):
            place = (*path, *finding.path)
            problem = source.problem(
                place, _at(place, finding.message), finding.hint, finding.at_key, finding.warning
            )
            (warnings if finding.warning else problems).append(problem)
    if problems or file is None:
        raise CatalogError([*problems, *warnings])
    return Catalog(name, file.namespace, file.profiles, tuple(warnings))


def _at(path: Path, message: str) -> str:
    return f"{dotted(path)}: {message}"


def _check_namespace(source: Source) -> Iterator[Problem]:
    template = source.value.get("namespace")
    if not isinstance(template, str) or not template:
        return
    path: Path = ("namespace",)
    wrong = check_template(template, NAMESPACE_NAMES)
    if wrong:
        yield source.problem(path, _at(path, wrong))
        return
    longest = expand(template, {"username": "u" * USERNAME_SLUG_LENGTH})
    if not is_dns_label(expand(template, {"username": "u"})):
        message = f"{template!r} is not a namespace: a-z, 0-9 and '-' are possible"
        yield source.problem(path, _at(path, message))
    elif len(longest) > MAX_LABEL:
        room = MAX_LABEL - USERNAME_SLUG_LENGTH
        message = f"too long: beside {{username}} there is room for {room} characters"
        yield source.problem(path, _at(path, message))


def _check_profiles(source: Source) -> Iterator[Problem]:
    profiles = source.value.get("profiles")
    if not isinstance(profiles, list):
        return
    slugs: dict[str, int] = {}
    default: int | None = None
    for index, profile in enumerate(profiles):
        if not isinstance(profile, dict):
            continue
        slug = profile.get("slug")
        if isinstance(slug, str) and slug in slugs:
            line, _ = source.place(("profiles", slugs[slug], "slug"))
            path: Path = ("profiles", index, "slug")
            message = f"{slug!r} is taken by the profile in line {line}"
            yield source.problem(path, _at(path, message))
        elif isinstance(slug, str):
            slugs[slug] = index
        if profile.get("default") is True and default is not None:
            line, _ = source.place(("profiles", default, "default"))
            path = ("profiles", index, "default")
            message = f"only one profile can be the default, and line {line} has one"
            yield source.problem(path, _at(path, message))
        elif profile.get("default") is True:
            default = index


def _partials(value: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any], str]]:
    """Every partial Container and PodSpec in the file, with its place."""
    profiles = value.get("profiles")
    for index, profile in enumerate(profiles if isinstance(profiles, list) else []):
        for key in ("kernel", "pod"):
            if isinstance(profile, dict) and isinstance(profile.get(key), dict):
                yield ("profiles", index, key), profile[key], key
