"""Look-alike pairs that a person knows to be different and the leak gate therefore ignores."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cellpheno.core import text_tables
from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known

ENDS = ("first", "second")
COLUMNS = ["first", "first_box", "second", "second_box"]


def read(path: str | Path) -> pd.DataFrame:
    """Return the pairs of a file, indexed by line, with "" for a missing box.

    Raises a StudyError when the file is not a tab-separated table or lacks a field.
    """
    lines = list(text_tables.rows(text_tables.text(path), "\t", path))
    table = text_tables.table(lines, path) if len(lines) != 1 else pd.DataFrame(columns=lines[0][1])
    for column in ENDS:
        if column not in table:
            raise StudyError(
                f"{path} (splits.known_pairs) has no column {column}; copy the header and the "
                "pairs that are known to be different from the study's leaks.tsv or its log, "
                "separated by tabs."
            )
    table = table.reindex(columns=COLUMNS).fillna("").replace("NA", "")
    for column in ENDS:
        for line in table.index[table[column] == ""]:
            raise StudyError(
                f"Line {line} of {path} (splits.known_pairs) has no field in the column {column}; "
                "write it there, or delete the line."
            )
    return table


def check(config: Mapping[str, Any], fields: pd.DataFrame) -> None:
    """Raise a StudyError for a file of known pairs that is invalid or names an unknown field."""
    path = config["splits"]["known_pairs"]
    if path is None:
        return
    known = fields["field"].tolist()
    there = set(known)
    row: Any
    for row in read(path).itertuples():
        for name in (row.first, row.second):
            if name not in there:
                where = f"Line {row.Index} of {path} (splits.known_pairs)"
                check_known(name, known, where, f"the fields of {config['fields']}")


def among(pairs: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Add the column `known` to NEAR_DUPLICATES pairs: the line in the file, or 0.

    A known pair without boxes covers the two fields with all their cells, in either order.
    """
    line: dict[frozenset[tuple[str, str]], int] = {}
    row: Any
    for row in known.itertuples():
        line[frozenset([(row.first, row.first_box), (row.second, row.second_box)])] = row.Index
    boxes = pairs[["first_box", "second_box"]].fillna("")
    ends = zip(
        zip(pairs["first"], boxes["first_box"], strict=True),
        zip(pairs["second"], boxes["second_box"], strict=True),
        strict=True,
    )
    found = [
        line.get(frozenset(pair)) or line.get(frozenset((field, "") for field, _ in pair), 0)
        for pair in ends
    ]
    return pairs.assign(known=found)
