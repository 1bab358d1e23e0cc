"""A YAML file as plain values that still know their line and column."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from .problems import CatalogError, Problem

Path = tuple[str | int, ...]
"""Where a value is: keys and indices from the top, such as ``("profiles", 0, "slug")``."""

# Aliases let a short file stand for a huge one; no catalog comes near this.
_MAX_NODES = 200_000


class Source:
    """One YAML document: its :attr:`value`, and the place of every part of it.

    Raises :class:`CatalogError` when the text is not one YAML document of mappings,
    lists, texts, numbers, booleans and nulls.  Keys that occur twice or that are no
    text are collected in :attr:`problems`.
    """

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self._loader: Any = yaml.SafeLoader("")
        self._nodes = 0
        self._root = self._compose(text)
        self.value: Any = None if self._root is None else self._value(self._root, ())

    def problem(
        self, path: Path, message: str, hint: str = "", key: bool = False, warning: bool = False
    ) -> Problem:
        """A problem at the value that ``path`` leads to, or at its key."""
        line, column = self.place(path, key)
        return Problem(self.name, line, column, message, hint, warning)

    def place(self, path: Path, key: bool = False) -> tuple[int, int]:
        """Line and column of a value or key; of the nearest thing above where it does not exist."""
        node: Any = self._root
        mark = node.start_mark if node is not None else None
        for index, step in enumerate(path):
            found = _below(node, step)
            if found is None:
                break
            key_mark, node = found
            last = index == len(path) - 1
            mark = key_mark if key and last else node.start_mark
        return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)

    def _compose(self, text: str) -> Any:
        try:
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            words = ", ".join(each for each in (error.context, error.problem) if each)
            raise CatalogError([Problem(self.name, line, column, f"not YAML: {words}")]) from error
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
            message = f"not YAML: the character {error.character!r} is not allowed"
            raise CatalogError([Problem(self.name, line, column, message)]) from error
        except RecursionError as error:
            raise CatalogError([Problem(self.name, 1, 1, "nested too deeply")]) from error

    def _value(self, node: Any, ancestors: tuple[int, ...]) -> Any:
        self._nodes += 1
        if id(node) in ancestors:
            raise self._error(node, "an alias stands inside the thing that it names")
        if self._nodes > _MAX_NODES:
            raise self._error(node, "the aliases in this file unfold to too much")
        below = (*ancestors, id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, below)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(each, below) for each in node.value]
        return self._scalar(node)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        # Kubernetes knows no dates: what YAML takes for one is text to it.
        if node.tag == "tag:yaml.org,2002:timestamp":
            return node.value
        try:
            value = self._loader.construct_object(node)
        except (yaml.constructor.ConstructorError, ValueError) as error:
            raise self._error(node, f"cannot read {node.value!r} as {node.tag}") from error
        if isinstance(value, bytes) or (isinstance(value, float) and not math.isfinite(value)):
            self._note(node, f"{node.value!r} has no meaning to Kubernetes")
        return value

    def _mapping(self, node: yaml.MappingNode, ancestors: tuple[int, ...]) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if _is_merge(key_node):
                for each in _merge_sources(value_node):
                    if not isinstance(each, yaml.MappingNode):
                        raise self._error(each, "'<<' takes a mapping or a list of mappings")
                    merged = {**self._mapping(each, (*ancestors, id(each))), **merged}
                continue
            key = key_node.value
            if not _is_text(key_node):
                self._note(key_node, f"the key {key!r} is not text; put it into quotes")
            elif key in own:
                self._note(key_node, f"the key {key!r} occurs twice in the same mapping")
            own[str(key)] = self._value(value_node, ancestors)
        return {**merged, **own}

    def _note(self, node: Any, message: str) -> None:
        mark = node.start_mark
        self.problems.append(Problem(self.name, mark.line + 1, mark.column + 1, message))

    def _error(self, node: Any, message: str) -> CatalogError:
        self._note(node, message)
        return CatalogError(self.problems)


def dotted(path: Path) -> str:
    """A path as people write it.

    >>> dotted(("profiles", 0, "slug"))
    'profiles[0].slug'
    """
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def _below(node: Any, step: str | int) -> tuple[Any, Any] | None:
    """Mark of the key and node of the value one step down; None if there is none."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark, node.value[step]
    if not isinstance(node, yaml.MappingNode):
        return None
    found = None
    for key_node, value_node in node.value:
        if not _is_merge(key_node) and key_node.value == step:
            found = key_node.start_mark, value_node
    return found or next(_inherited(node, step), None)


def _inherited(node: yaml.MappingNode, step: str | int) -> Iterator[tuple[Any, Any]]:
    for key_node, value_node in node.value:
        if _is_merge(key_node):
            for each in _merge_sources(value_node):
                found = _below(each, step)
                if found is not None:
                    yield found


def _is_text(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str"


def _is_merge(key_node: Any) -> bool:
    return bool(key_node.tag == "tag:yaml.org,2002:merge")


def _merge_sources(node: Any) -> Sequence[Any]:
    return node.value if isinstance(node, yaml.SequenceNode) else [node]
