"""Names of wells: A1, a01 and r01c01 are one well, A01."""

import re

_NAME = re.compile(r"\s*([A-Za-z]{1,2})[\s:_-]*0*(\d{1,2})\s*")

ROWS = 32
"""Of the largest plate, with 1536 wells: A to Z and AA to AF."""
COLUMNS = 48


def row_name(number: int) -> str:
    """Return the letters of a row, counted from 1: 1 is A, 27 is AA."""
    return chr(64 + number) if number <= 26 else f"A{chr(64 + number - 26)}"


def name(row: str, column: str) -> str | None:
    """Return the name of a well, None where no plate has such a well.

    Parameters
    ----------
    row
        Letters, or a number that counts from 1.
    column
        A number that counts from 1.
    """
    letters = [row_name(number) for number in range(1, ROWS + 1)]
    found = letters.index(row.upper()) if row.upper() in letters else -1
    index = int(row) - 1 if row.isdecimal() else found
    if not (0 <= index < ROWS and column.isdecimal() and 1 <= int(column) <= COLUMNS):
        return None
    return f"{letters[index]}{int(column):02d}"


def parse(text: str) -> str | None:
    """Return the one name of a well that people write as A1, a01 or A-01; None for another word."""
    found = _NAME.fullmatch(text)
    return name(found[1], found[2]) if found else None
