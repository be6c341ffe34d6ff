"""Names of wells: A1, a01 and r01c01 are one well, A01."""

import re

_NAME = re.compile(r"\s*([A-Za-z]{1,2})[\s:_-]*0*(\d{1,2})\s*")

ROWS = 32
"""The largest plate has 1536 wells, in rows A to Z and AA to AF."""
COLUMNS = 48


def name(row: str, column: str) -> str | None:
    """Return the name of a well, None if no plate has it.

    A row is given as letters or, like a column, as a number that counts from 1.
    """
    letters = [chr(64 + n) if n <= 26 else f"A{chr(64 + n - 26)}" for n in range(1, ROWS + 1)]
    found = letters.index(row.upper()) if row.upper() in letters else -1
    index = int(row) - 1 if row.isdecimal() else found
    if not (0 <= index < ROWS and column.isdecimal() and 1 <= int(column) <= COLUMNS):
        return None
    return f"{letters[index]}{int(column):02d}"


def parse(text: str) -> str | None:
    """Return the canonical name of a well written as A1, a01 or A-01; None for other text."""
    found = _NAME.fullmatch(text)
    return name(found[1], found[2]) if found else None
