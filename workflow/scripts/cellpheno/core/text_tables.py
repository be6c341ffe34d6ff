"""Tables that people save as text: decoded, cut into cells, without blanks around values."""

import csv
import io
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from cellpheno.core.errors import StudyError

Line = tuple[int, list[str]]
"""Number of a line in its file, and its cells."""

NAMES = {"\t": "tab", ",": "comma", ";": "semicolon"}
"""Separators, and what they are called."""

_STARTS = {
    b"\xff\xfe": "is Unicode text of another kind (UTF-16)",
    b"\xfe\xff": "is Unicode text of another kind (UTF-16)",
    b"PK\x03\x04": "is a workbook and no text",
    b"\xd0\xcf\x11\xe0": "is a workbook and no text",
}


def text(path: str | Path, name: str | Path | None = None) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark.

    Parameters
    ----------
    path
        The file.
    name
        What messages call it, if not by its path.

    Raises
    ------
    StudyError
        When the file cannot be opened or is no such text.
    """
    name = name or path
    try:
        if stat.S_ISCHR(Path(path).stat().st_mode) or stat.S_ISFIFO(Path(path).stat().st_mode):
            raise StudyError(f"{name} is a device or a pipe and no table; correct the name.")
        content = Path(path).read_bytes()
    except OSError as error:
        raise StudyError(f"{name} cannot be opened as a table: {error.strerror}.") from error
    for start, fault in _STARTS.items():
        if content.startswith(start):
            raise StudyError(f"{name} {fault}; save it as text in UTF-8.")
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StudyError(
            f"{name} is not UTF-8: line {line} holds the byte 0x{content[error.start]:02x}; save "
            'it as text in UTF-8 (in Excel: "CSV UTF-8").'
        ) from error
    if "\0" in decoded:
        raise StudyError(f"{name} holds zero bytes and is no text; save it as text in UTF-8.")
    return decoded


def rows(content: str, separator: str, path: str | Path) -> Iterator[Line]:
    """Yield line number and cells of each line that is not blank.

    Blanks around a value are no part of it. A value in quotation marks may hold the separator.

    Raises
    ------
    StudyError
        For a quotation mark that is not closed, and a value that spans lines.
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
                f"Line {line} of {path} has quotation marks that do not fit together; close them, "
                "or leave them out."
            ) from error
        cells = [cell.strip() for cell in cells]
        together = "".join(cells)
        if "\n" in together or "\r" in together:
            raise StudyError(
                f"Line {line} of {path} has a value in quotation marks that spans lines; close the "
                "quotation marks, or write it in one line."
            )
        if together:
            yield line, cells


def separator(content: str) -> str:
    """Return what separates the cells: of tab, comma and semicolon, what occurs most."""
    return max(NAMES, key=content.count)


def table(lines: Iterable[Line], path: str | Path) -> pd.DataFrame:
    """Return lines as a table of text whose index is the number of each line in the file.

    Cells missing at the end of a line are empty.

    Raises
    ------
    StudyError
        When there are no lines below the first, which names the columns, when a column has no name
        or two have one, or a line has more cells than there are columns.
    """
    (_, names), *rest = lines or [(1, [])]
    if not rest:
        raise StudyError(f"{path} has no rows below a line that names the columns; add them.")
    width = max(position for position, name in enumerate(names, 1) if name)
    for position, name in enumerate(names[:width], 1):
        if not name:
            raise StudyError(f"Column {position} of {path} has no name in the first line; add it.")
        if name in names[: position - 1]:
            raise StudyError(f"{path} has two columns named {name}; rename one.")
    for number, cells in rest:
        if any(cells[width:]):
            raise StudyError(
                f"Line {number} of {path} has {len(cells)} values, but the first line names "
                f"{width} columns; check its separators."
            )
    padded = [cells[:width] + [""] * (width - len(cells)) for _, cells in rest]
    return pd.DataFrame(padded, columns=names[:width], index=[n for n, _ in rest], dtype=str)
