"""Warnings for the user: on the terminal, in the log and in the report."""

import logging

from cellpheno.core.errors import printable

logger = logging.getLogger(__name__)
_given: list[str] = []


def warn(sentence: str) -> None:
    """Report on one line what was found, how often, and which file to read; the run goes on."""
    line = printable(" ".join(sentence.split()))
    if line not in _given:
        _given.append(line)
        logger.warning("%s", line)


def given() -> list[str]:
    """Return the warnings of this process so far, in order."""
    return list(_given)
