"""Explain a reference to an unknown name."""

import difflib

from cellpheno.core.errors import StudyError


def check_known(name: str, known: list[str], where: str, what: str) -> None:
    """Raise a StudyError that suggests the closest known name when `name` is unknown."""
    if name not in known:
        raise StudyError(
            f"{where} names {name!r}, which is not among {what}{suggestion(name, known)}."
        )


def suggestion(name: str, known: list[str]) -> str:
    """Return the end of a sentence about an unknown name: the closest known one, or all."""
    close = difflib.get_close_matches(str(name), known, n=1)
    if close:
        return f"; {close[0]} is the nearest that is"
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"; known are {shown}"
