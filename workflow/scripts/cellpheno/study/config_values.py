"""Refuse values that no config key allows, before anything else reads the config."""

import datetime
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from cellpheno.core.errors import StudyError
from cellpheno.study.config_text import Key, Written

MOST_VALUES = 100_000
"""Number of values in a config, including those that aliases repeat."""
DEEPEST = 30
"""Levels of nested sections and lists."""
LONGEST = 1000
"""Characters of a text."""
LARGEST = 10**15
"""Largest number; beyond it, floating-point numbers skip integers."""
_OTHER_BASE = re.compile(r"[+-]?0[0-7_]+|[^:]+(:[^:]+)+")
"""Octal numbers such as 010 and base-60 numbers such as 1:30."""
KINDS = {
    bool: "a truth value",
    int: "a number",
    float: "a number",
    datetime.date: "a date",
    datetime.datetime: "a date",
}
"""Types that YAML may read into an unquoted word."""


def check(config: Any, written: Mapping[Key, Written], source: str) -> None:
    """Refuse a config that is too large, and texts and numbers that no key allows.

    `config` is as Snakemake read it, `written` comes from `config_text.read`, and messages call
    the config `source`.

    Raises a StudyError for the first such value, and for a key that is not text.
    """
    rest: list[tuple[Key, Any]] = [((), config)]
    count = 0
    while rest:
        key, value = rest.pop()
        count += 1
        if count > MOST_VALUES:
            raise StudyError(
                f"{source} has more than {MOST_VALUES:,} values, including those that aliases "
                "(*name) repeat; remove the aliases, or shorten it."
            )
        if len(key) > DEEPEST:
            raise StudyError(
                f"{source}: {shown(key[:3])} is nested more than {DEEPEST} deep; no key has so "
                "many levels."
            )
        if isinstance(value, Mapping):
            for name in value:
                _check_key(key, name, source)
            rest += (((*key, name), part) for name, part in value.items())
        elif isinstance(value, list):
            rest += (((*key, number), part) for number, part in enumerate(value))
        elif fault := _fault(value) or _misread(value, key, written):
            raise StudyError(f"{source}: {_place(key, written)} {fault}.")


def _misread(value: Any, key: Key, written: Mapping[Key, Written]) -> str | None:
    """Return the fault of a number that YAML reads as another number than it looks like."""
    text = written[key].text if key in written else ""
    if isinstance(value, int | float) and _OTHER_BASE.fullmatch(text):
        return (
            f"is {text}, which YAML reads as {value}; write {value} if that is meant, or in "
            f"quotes: '{text}'"
        )
    return None


def not_text(key: Key, value: Any, written: Mapping[Key, Written], source: str) -> StudyError:
    """Return the error for a value that YAML does not read as text."""
    place = _place(key, written)
    if value is None:
        return StudyError(f"{source}: {place} has no value; write a text.")
    if isinstance(value, list | dict):
        return StudyError(f"{source}: {place} is a list or a section; write one text.")
    text = written[key].text if key in written else str(value)
    # Snakemake strips quotes from values of --config
    where = "" if key in written else " in the config file"
    return StudyError(
        f"{source}: {place} is {text}, which YAML reads as {KINDS[type(value)]}, not as text; "
        f"write it in quotes{where}: '{text}'."
    )


def shown(key: Key) -> str:
    """Return a key as shown in messages."""
    return ".".join(map(str, key))


def _place(key: Key, written: Mapping[Key, Written]) -> str:
    return f"{shown(key)} (line {written[key].line})" if key in written else shown(key)


def _check_key(section: Key, name: Any, source: str) -> None:
    where = f"{source}: a key in {shown(section) or 'the config'}"
    if not isinstance(name, str):
        kind = KINDS.get(type(name), "not text")
        raise StudyError(f"{where} is {kind} to YAML; write it in quotes.")
    if fault := _fault(name):
        raise StudyError(f"{where} {fault}.")


def _fault(value: Any) -> str | None:
    """Return the fault of a value as the end of a sentence; None if there is none."""
    if isinstance(value, str):
        if {"{", "}"} & set(value):
            return "has braces, which Snakemake would fill in; remove them, and rename files"
        return fault_of_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f"is {value}, not a finite number; write a number"
    if isinstance(value, int | float) and abs(value) > LARGEST:
        return f"is a number beyond {LARGEST:.0e}; write a smaller one"
    if value is None or type(value) in KINDS:
        return None
    return f"has a value of the YAML type {type(value).__name__}; write a text, number or list"


def fault_of_text(text: str, longest: int = LONGEST) -> str | None:
    """Return the fault of a text as the end of a sentence; None if there is none."""
    if len(text) > longest:
        return f"is a text of {len(text)} characters; write at most {longest}"
    if text.isprintable():
        return None
    for letter in text:
        # file names contain blanks of other widths
        if not letter.isprintable() and unicodedata.category(letter) != "Zs":
            return f"has a line break or an invisible character (U+{ord(letter):04X}); remove it"
    return None
