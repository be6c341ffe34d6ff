"""Values that no key of a config can mean, refused before anything walks through the config."""

import datetime
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from cellpheno.core.errors import StudyError
from cellpheno.study.config_text import Key, Written

MOST_VALUES = 100_000
"""Values of a config, those that aliases repeat included."""
DEEPEST = 30
"""Sections and lists within each other."""
LONGEST = 1000
"""Characters of a text."""
LARGEST = 10**15
"""Size of a number; beyond it, floating-point numbers no longer tell integers apart."""
_OTHER_BASE = re.compile(r"[+-]?0[0-7_]+|[^:]+(:[^:]+)+")
"""Octal numbers such as 010, and those to the base of 60 such as 1:30."""
KINDS = {
    bool: "a truth value",
    int: "a number",
    float: "a number",
    datetime.date: "a date",
    datetime.datetime: "a date",
}
"""What YAML may take a word for that is written without quotes."""


def check(config: Any, written: Mapping[Key, Written], source: str) -> None:
    """Refuse a config that is too large, and texts and numbers that fit no key.

    Parameters
    ----------
    config
        As Snakemake read it.
    written
        How its values are written, of `config_text.read`.
    source
        Where it comes from, for messages.

    Raises
    ------
    StudyError
        For the first such value, and for a key that is not text.
    """
    rest: list[tuple[Key, Any]] = [((), config)]
    count = 0
    while rest:
        key, value = rest.pop()
        count += 1
        if count > MOST_VALUES:
            raise StudyError(
                f"{source} has more than {MOST_VALUES:,} values, counting what aliases (*name) "
                "repeat; remove the aliases, or make it shorter."
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
    """Return what is wrong with a number that is another one than it looks like."""
    text = written[key].text if key in written else ""
    if isinstance(value, int | float) and _OTHER_BASE.fullmatch(text):
        return (
            f"is {text}, which YAML reads as {value}; write {value} if that is meant, or in "
            f"quotes: '{text}'"
        )
    return None


def not_text(key: Key, value: Any, written: Mapping[Key, Written], source: str) -> StudyError:
    """Return the error for a value that YAML takes for no text."""
    place = _place(key, written)
    if value is None:
        return StudyError(f"{source}: {place} has no value; write a text.")
    if isinstance(value, list | dict):
        return StudyError(f"{source}: {place} is a list or a section; write one text.")
    text = written[key].text if key in written else str(value)
    # Snakemake takes quotes away from values of its option --config
    where = "" if key in written else " in the config file"
    return StudyError(
        f"{source}: {place} is {text}, which YAML takes for {KINDS[type(value)]}, not for text; "
        f"write it in quotes{where}: '{text}'."
    )


def shown(key: Key) -> str:
    """Return a key as messages name it."""
    return ".".join(map(str, key))


def _place(key: Key, written: Mapping[Key, Written]) -> str:
    return f"{shown(key)} (line {written[key].line})" if key in written else shown(key)


def _check_key(section: Key, name: Any, source: str) -> None:
    where = f"{source}: a key in {shown(section) or 'the config'}"
    if not isinstance(name, str):
        kind = KINDS.get(type(name), "no text")
        raise StudyError(f"{where} is {kind} for YAML; write it in quotes.")
    if fault := _fault(name):
        raise StudyError(f"{where} {fault}.")


def _fault(value: Any) -> str | None:
    """Return what is wrong with a value, as the end of a sentence; None where nothing is."""
    if isinstance(value, str):
        if {"{", "}"} & set(value):
            return "has braces, which Snakemake would fill in; write it without, and rename a file"
        return fault_of_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f"is {value}, not a finite number; write a number"
    if isinstance(value, int | float) and abs(value) > LARGEST:
        return f"is a number beyond {LARGEST:.0e}; write a smaller one"
    if value is None or type(value) in KINDS:
        return None
    return f"has a value of the YAML type {type(value).__name__}; write a text, number or list"


def fault_of_text(text: str, longest: int = LONGEST) -> str | None:
    """Return what is wrong with a text, as the end of a sentence; None where nothing is."""
    if len(text) > longest:
        return f"is a text of {len(text)} characters; write at most {longest}"
    if text.isprintable():
        return None
    for letter in text:
        # blanks of other widths occur in names of files
        if not letter.isprintable() and unicodedata.category(letter) != "Zs":
            return (
                f"has a line break or a character that cannot be seen (U+{ord(letter):04X}); "
                "write it without"
            )
    return None
