"""Warnings for the user: on the terminal, in the log and in the report."""

import logging
import sys

from cellpheno.core.errors import printable

logger = logging.getLogger(__name__)
_given: list[str] = []


def warn(sentence: str) -> None:
    """Report on one line what was found, how often, and which file to read; the run goes on."""
    line = printable(" ".join(sentence.split()))
    if line not in _given:
        _given.append(line)
        logger.warning("%s", line)


def show_on_terminal(shown: bool) -> None:
    """Print warnings on the terminal, or nowhere: jobs on other nodes do not repeat them."""
    handler = logging.StreamHandler(sys.stderr) if shown else logging.NullHandler()
    handler.setFormatter(logging.Formatter("cellpheno: %(message)s"))
    logger.handlers = [handler]
    logger.propagate = False


def given() -> list[str]:
    """Return the warnings of this process so far, in order."""
    return list(_given)
