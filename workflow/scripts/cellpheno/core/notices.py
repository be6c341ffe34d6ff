"""Warnings that a user must see: on the terminal, in the log and in the report."""

import logging

logger = logging.getLogger(__name__)
_given: list[str] = []


def warn(sentence: str) -> None:
    """Report something that a user must know and that does not end the run.

    Parameters
    ----------
    sentence
        What was found, how often, and which file to read. It is shown on one line; what cannot
        be printed is replaced, as in `StudyError`.
    """
    line = " ".join(sentence.split())
    line = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line
    )
    if line not in _given:
        _given.append(line)
        logger.warning("%s", line)


def given() -> list[str]:
    """Return the warnings of this process so far, in their order."""
    return list(_given)
