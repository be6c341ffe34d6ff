"""Plate maps: what each well got, as a long table or as a grid of the plate.

A long table has a column `well`, a column `plate` where plates differ, and any others. A grid has
the columns' numbers in its first row, from whichever it begins with, and the rows' letters in its
first column, of which any may be left out; lines above it, such as a title, are passed over.
"""

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cellpheno.core import text_tables, wells
from cellpheno.core.errors import StudyError

KNOWN = ("plate", "well", "condition", "replicate", "group", "split")
"""Columns whose names are understood with capitals too."""


@dataclasses.dataclass(frozen=True)
class PlateMap:
    """What a plate map tells.

    Attributes
    ----------
    source
        The file, for messages.
    table
        `well`, `plate` if the map has it, and the columns that it adds.
    """

    source: str
    table: pd.DataFrame

    @property
    def keys(self) -> list[str]:
        """Columns that name a well."""
        return [name for name in ("plate", "well") if name in self.table]


def read(path: Path, column: str) -> PlateMap:
    """Read a plate map: comma-, semicolon- or tab-separated text.

    Parameters
    ----------
    path
        The file.
    column
        What the values of a grid are; a long table names its columns itself.

    Raises
    ------
    StudyError
        When the file is no such text, is neither a long table nor one grid, or names a well that
        is none, or one well twice.
    """
    content = text_tables.text(path)
    lines = list(text_tables.rows(content, text_tables.separator(content), path))
    is_long = bool(lines) and "well" in map(str.lower, lines[0][1])
    heads = [] if is_long else lines
    below = [cells for _, cells in heads[1:]] + [[""]]
    starts = [n for n, (_, cells) in enumerate(heads) if _is_head_of_grid(cells, below[n])]
    if len(starts) > 1:
        raise StudyError(
            f"{path} holds {len(starts)} grids (lines {', '.join(str(lines[n][0]) for n in starts)}"
            "); save each as a file of its own, or write a long table with a column `plate`."
        )
    table = _grid(lines[starts[0] :], column, path) if starts else _long(lines, path)
    result = PlateMap(str(path), table)
    twice = table[table.duplicated(result.keys)]
    if len(twice):
        raise StudyError(
            f"The well {' '.join(twice[result.keys].iloc[0])} stands more than once in {path}; "
            "give it one line, and name the plates in a column `plate` if there are several."
        )
    return result


def join(sheet: pd.DataFrame, plate_map: PlateMap, mapped_only: bool = False) -> pd.DataFrame:
    """Return the sheet with the map's columns, joined by well, and by plate if the map names it.

    Parameters
    ----------
    sheet
        One row per field, with a column `well`.
    plate_map
        What the wells got.
    mapped_only
        Whether fields whose well is not in the map are left out; they are refused otherwise.

    Raises
    ------
    StudyError
        When the sheet has no wells, a column is told twice, or a well with images is not in the
        map.
    """
    source, table, keys = plate_map.source, plate_map.table, plate_map.keys
    for key in keys:
        if key not in sheet:
            raise StudyError(
                f"The plate map {source} has a column {key}, but the file names tell no {key}; "
                f"give the pattern a group `{key}`, or leave the plate map out."
            )
    for name in table:
        if name in sheet and name not in keys:
            raise StudyError(
                f"Both the file names and the plate map {source} tell the column {name}; rename "
                "one of them."
            )
    absent = difference(sheet, table, keys)
    if absent and not (mapped_only and len(absent) < len(sheet.drop_duplicates(keys))):
        raise StudyError(
            f"{len(absent)} wells with images are not in the plate map {source}, such as "
            f"{', '.join(absent[:5])}; add them, or leave their fields out with --mapped-only."
        )
    return sheet.merge(table, on=keys, how="inner", validate="many_to_one")


def difference(these: pd.DataFrame, those: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """Return the wells that stand in one table but not in the other, in order."""
    present = set(those[list(keys)].itertuples(index=False, name=None))
    rows = these[list(keys)].itertuples(index=False, name=None)
    return sorted({" ".join(row) for row in rows if row not in present})


def _is_head_of_grid(cells: Sequence[str], below: Sequence[str]) -> bool:
    """Whether a line numbers the columns of a plate: no row's letter, then 1, 2, 3 and so on.

    Columns at the edge, which many leave empty, may be left out; others, or all but one, where the
    line below begins with the letter of a row.
    """
    texts = [cell for cell in cells[1:] if cell]
    if not texts or wells.name(cells[0], "1") or not all(map(str.isdecimal, texts)):
        return False
    numbers = list(map(int, texts))
    if len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        return True
    rising = all(one < other for one, other in itertools.pairwise(numbers))
    return rising and not below[0].isdecimal() and wells.name(below[0], texts[-1]) is not None


def _grid(lines: Sequence[text_tables.Line], column: str, path: Path) -> pd.DataFrame:
    _, (_, *columns) = lines[0]
    found = []
    for number, cells in lines[1:]:
        if not wells.name(cells[0], "1") or cells[0].isdecimal():
            raise StudyError(
                f"Line {number} of {path} begins with {cells[0]!r}, where the letter of a row was "
                "expected; a grid ends the file."
            )
        for above, value in itertools.zip_longest(columns, cells[1:], fillvalue=""):
            well = wells.name(cells[0], above)
            if value and not well:
                raise StudyError(
                    f"Line {number} of {path} has {value!r} outside the numbered columns; number "
                    "its column, or take the value out."
                )
            if value:
                found.append({"well": well, column: value})
    if not found:
        raise StudyError(f"{path} holds a grid without values; fill in its wells.")
    return pd.DataFrame(found, dtype=str)


def _is_turned(lines: Sequence[text_tables.Line]) -> bool:
    """Whether a line holds letters of rows, and the next one begins with a number."""
    return any(
        any(cells[1:])
        and all(wells.name(cell, "1") and not cell.isdecimal() for cell in cells[1:] if cell)
        and wells.name("A", below[0]) is not None
        for (_, cells), (_, below) in itertools.pairwise(lines)
    )


def _long(lines: Sequence[text_tables.Line], path: Path) -> pd.DataFrame:
    if lines:
        number, names = lines[0]
        known = [name.lower() if name.lower() in KNOWN else name for name in names]
        lines = [(number, known), *lines[1:]]
        if "well" not in known and _is_turned(lines):
            raise StudyError(
                f"{path} has the letters of the rows above and the numbers of the columns at the "
                "left; turn the grid, so that the numbers are above and the letters at the left."
            )
        if "well" not in known:
            raise StudyError(
                f"{path} is neither a table with a column `well` nor a grid with the numbers 1, 2, "
                "3 ... above and the letters A, B, C ... at the left; its first line holds "
                f"{', '.join(filter(None, known))}."
            )
    table = text_tables.table(lines, path)
    named = table["well"].map(wells.parse)
    unknown = table.loc[named.isna(), "well"]
    if len(unknown):
        raise StudyError(
            f"Line {unknown.index[0]} of {path} has {unknown.iloc[0]!r} in the column well, which "
            "is no well; write it as A1 or A01."
        )
    return table.assign(well=named).reset_index(drop=True)
