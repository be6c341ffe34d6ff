"""Read plate maps, which are long tables or grids.

A long table has a column `well`, a column `plate` if there are several, and any others. A grid has
the columns' numbers in its first row and the rows' letters in its first column, of which any may be
missing; lines above it, such as a title, are ignored.
"""

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cellpheno.core import text_tables, wells
from cellpheno.core.errors import StudyError

KNOWN = ("plate", "well", "condition", "replicate", "group", "split")
"""Columns whose names may be capitalised."""


@dataclasses.dataclass(frozen=True)
class PlateMap:
    """The contents of a plate map."""

    source: str
    """The file, for messages."""
    table: pd.DataFrame
    """`well`, `plate` if the map has it, and the columns that it adds."""

    @property
    def keys(self) -> list[str]:
        """Columns that identify a well."""
        return [name for name in ("plate", "well") if name in self.table]


def read(path: Path, column: str) -> PlateMap:
    """Read a plate map from comma-, semicolon- or tab-separated text.

    The values of a grid go into `column`; a long table names its columns itself.

    Raises a StudyError when the file is neither a long table nor one grid, or has an invalid or
    repeated well.
    """
    content = text_tables.text(path)
    lines = list(text_tables.rows(content, text_tables.separator(content), path))
    is_long = bool(lines) and "well" in map(str.lower, lines[0][1])
    heads = [] if is_long else lines
    below = [cells for _, cells in heads[1:]] + [[""]]
    starts = [n for n, (_, cells) in enumerate(heads) if _is_head_of_grid(cells, below[n])]
    if len(starts) > 1:
        raise StudyError(
            f"{path} contains {len(starts)} grids (lines "
            f"{', '.join(str(lines[n][0]) for n in starts)}); save each in its own file, or write "
            "a long table with a column `plate`."
        )
    table = _grid(lines[starts[0] :], column, path) if starts else _long(lines, path)
    result = PlateMap(str(path), table)
    twice = table[table.duplicated(result.keys)]
    if len(twice):
        raise StudyError(
            f"The well {' '.join(twice[result.keys].iloc[0])} is in {path} more than once; "
            "give it one line, and name the plates in a column `plate` if there are several."
        )
    return result


def join(sheet: pd.DataFrame, plate_map: PlateMap, mapped_only: bool = False) -> pd.DataFrame:
    """Return the sheet with the map's columns, joined by well, and by plate if the map has it.

    Fields whose well is not in the map are left out with `mapped_only`.

    Raises a StudyError when the sheet has no wells, a column is defined twice, or a well is not in
    the map.
    """
    source, table, keys = plate_map.source, plate_map.table, plate_map.keys
    for key in keys:
        if key not in sheet:
            raise StudyError(
                f"The plate map {source} has a column {key}, but the file names contain no {key}; "
                f"give the pattern a group `{key}`, or leave out the plate map."
            )
    for name in table:
        if name in sheet and name not in keys:
            raise StudyError(
                f"Both the file names and the plate map {source} define the column {name}; rename "
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
    """Return the wells that are in one table but not in the other, in order."""
    present = set(those[list(keys)].itertuples(index=False, name=None))
    rows = these[list(keys)].itertuples(index=False, name=None)
    return sorted({" ".join(row) for row in rows if row not in present})


def _is_head_of_grid(cells: Sequence[str], below: Sequence[str]) -> bool:
    """Whether a line numbers the columns of a plate: 1, 2, 3 and so on, without a row's letter.

    Columns at the edge may be missing; others only if the line below begins with a row's letter.
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
                f"Line {number} of {path} begins with {cells[0]!r}, not with the letter of a row; "
                "remove what follows the grid."
            )
        for above, value in itertools.zip_longest(columns, cells[1:], fillvalue=""):
            well = wells.name(cells[0], above)
            if value and not well:
                raise StudyError(
                    f"Line {number} of {path} has {value!r} outside the numbered columns; number "
                    "its column, or remove the value."
                )
            if value:
                found.append({"well": well, column: value})
    if not found:
        raise StudyError(f"{path} contains a grid without values; fill in its wells.")
    return pd.DataFrame(found, dtype=str)


def _is_turned(lines: Sequence[text_tables.Line]) -> bool:
    """Whether a line of row letters is followed by one that begins with a number."""
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
                f"{path} has the letters of the rows at the top and the numbers of the columns at "
                "the left; transpose the grid."
            )
        if "well" not in known:
            raise StudyError(
                f"{path} is neither a table with a column `well` nor a grid with the numbers 1, 2, "
                "3 ... at the top and the letters A, B, C ... at the left; its first line contains "
                f"{', '.join(filter(None, known))}."
            )
    table = text_tables.table(lines, path)
    named = table["well"].map(wells.parse)
    unknown = table.loc[named.isna(), "well"]
    if len(unknown):
        raise StudyError(
            f"Line {unknown.index[0]} of {path} has {unknown.iloc[0]!r} in the column well, which "
            "is not a well; write it as A1 or A01."
        )
    return table.assign(well=named).reset_index(drop=True)
