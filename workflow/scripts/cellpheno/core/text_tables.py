"""Read tables that people save as text."""

import csv
import io
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from cellpheno.core.errors import StudyError

Line = tuple[int, list[str]]
"""Line number in the file, and cells."""

NAMES = {"\t": "tab", ",": "comma", ";": "semicolon"}
"""Separators and their names."""

_STARTS = {
    b"\xff\xfe": "is UTF-16, not UTF-8",
    b"\xfe\xff": "is UTF-16, not UTF-8",
    b"PK\x03\x04": "is a workbook, not text",
    b"\xd0\xcf\x11\xe0": "is a workbook, not text",
}


def text(path: str | Path, name: str | Path | None = None) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark.

    Messages call the file `name`, or else by its path.

    Raises a StudyError when the file cannot be opened or is not such text.
    """
    name = name or path
    try:
        if stat.S_ISCHR(Path(path).stat().st_mode) or stat.S_ISFIFO(Path(path).stat().st_mode):
            raise StudyError(f"{name} is a device or a pipe, not a table; correct the name.")
        content = Path(path).read_bytes()
    except OSError as error:
        raise StudyError(f"{name} cannot be opened as a table: {error.strerror}.") from error
    for start, fault in _STARTS.items():
        if content.startswith(start):
            raise StudyError(f"{name} {fault}; save it as UTF-8 text.")
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StudyError(
            f"{name} is not UTF-8: line {line} contains the byte 0x{content[error.start]:02x}; "
            'save it as UTF-8 text (in Excel: "CSV UTF-8").'
        ) from error
    if "\0" in decoded:
        raise StudyError(f"{name} contains zero bytes, so it is not text; save it as UTF-8 text.")
    return decoded


def rows(content: str, separator: str, path: str | Path) -> Iterator[Line]:
    """Yield the number and the stripped cells of each line that is not blank.

    A value in quotation marks may contain the separator.

    Raises a StudyError when a quotation mark is not closed or a value spans lines.
    """
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise StudyError(
                f"Line {line} of {path} has unbalanced quotation marks; close them, or leave them "
                "out."
            ) from error
        cells = [cell.strip() for cell in cells]
        together = "".join(cells)
        if "\n" in together or "\r" in together:
            raise StudyError(
                f"Line {line} of {path} has a quoted value that spans lines; close the quotation "
                "marks, or write it on one line."
            )
        if together:
            yield line, cells


def separator(content: str) -> str:
    """Return the most frequent of tab, comma and semicolon."""
    return max(NAMES, key=content.count)


def table(lines: Iterable[Line], path: str | Path) -> pd.DataFrame:
    """Return lines as a table of strings, indexed by their numbers in the file.

    Missing cells at the end of a line are empty.

    Raises a StudyError when there are no rows below the header, a column's name is missing or
    repeated, or a line has more cells than the header.
    """
    (_, names), *rest = lines or [(1, [])]
    if not rest:
        raise StudyError(f"{path} has no rows below a header with column names; add them.")
    width = max(position for position, name in enumerate(names, 1) if name)
    for position, name in enumerate(names[:width], 1):
        if not name:
            raise StudyError(f"Column {position} of {path} has no name in the first line; add it.")
        if name in names[: position - 1]:
            raise StudyError(f"{path} has two columns named {name}; rename one.")
    for number, cells in rest:
        if any(cells[width:]):
            raise StudyError(
                f"Line {number} of {path} has {len(cells)} values, but the header names {width} "
                "columns; check its separators."
            )
    padded = [cells[:width] + [""] * (width - len(cells)) for _, cells in rest]
    return pd.DataFrame(padded, columns=names[:width], index=[n for n, _ in rest], dtype=str)
