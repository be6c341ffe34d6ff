"""Config files as written: Snakemake loses repeated keys and the spelling of values."""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from cellpheno.core import text_tables
from cellpheno.core.errors import StudyError

# libyaml is ten times as fast, and every wheel of PyYAML has it
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TEXT = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")
TEMPLATE = "__use_yte__"
"""The key that makes Snakemake run expressions of a config as Python."""

Key = tuple[str | int, ...]
"""Keys and list positions that lead to a value."""


@dataclasses.dataclass(frozen=True)
class Written:
    """A value as written in its file."""

    text: str
    line: int


def read(paths: Iterable[Path]) -> dict[Key, Written]:
    """Return how each value of the config files is written; a later file wins.

    Raises a StudyError for a file that is not UTF-8, a key that is repeated or not text, and the
    template key.
    """
    values: dict[Key, Written] = {}
    for path in paths:
        values |= _values(text_tables.text(path), str(path))
    return values


def read_arguments(entries: Iterable[str]) -> None:
    """Check the `key=value` entries of `--config` in the same way."""
    seen: set[str] = set()
    for entry in entries:
        key, _, value = entry.partition("=")
        if key in seen:
            raise StudyError(f"--config gives the key {key} twice; give it once.")
        seen.add(key)
        _values(value, f"--config {key}")


def _values(text: str, source: str) -> dict[Key, Written]:
    try:
        # JSON may be indented by tabs, which YAML refuses
        root = yaml.compose(text.replace("\t", " "), Loader=LOADER)
    except yaml.YAMLError:
        return {}  # a value of the command line, which Snakemake takes literally
    values: dict[Key, Written] = {}
    rest: list[tuple[Key, yaml.Node]] = [((), root)] if root else []
    seen: set[int] = set()
    while rest:
        key, node = rest.pop()
        if id(node) in seen:  # another alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            values[key] = Written(node.value, node.start_mark.line + 1)
        elif isinstance(node, yaml.MappingNode):
            _check_keys(key, node, source)
            rest += (((*key, name.value), value) for name, value in node.value)
        else:
            rest += (((*key, number), value) for number, value in enumerate(node.value))
    return values


def _check_keys(section: Key, node: yaml.MappingNode, source: str) -> None:
    lines: dict[str, int] = {}
    for name, line in _names(section, node, source):
        shown = ".".join(map(str, (*section, name)))
        if name in lines:
            raise StudyError(
                f"{source}: the key {shown} is written twice, on line {lines[name]} and on line "
                f"{line}, and only one would count; remove one of them."
            )
        if name == TEMPLATE:  # at any level, because sections can be merged into others
            raise StudyError(
                f"{source}: the key {TEMPLATE} on line {line} lets Snakemake run expressions of "
                "the config as Python; remove it, and do not run a stranger's config that has it."
            )
        lines[name] = line


def _names(section: Key, node: yaml.MappingNode, source: str) -> Iterator[tuple[str, int]]:
    for name, _ in node.value:
        line = name.start_mark.line + 1
        if not isinstance(name, yaml.ScalarNode):
            raise StudyError(f"{source}: the key on line {line} is not text; write a name.")
        if name.tag not in TEXT:
            where = ".".join(map(str, section)) or "the config"
            raise StudyError(
                f"{source}: line {line} has the key {name.value} in {where}, which YAML does not "
                f"read as text; write it in quotes: '{name.value}'."
            )
        yield name.value, line
