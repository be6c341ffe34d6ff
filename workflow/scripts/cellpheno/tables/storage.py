"""Tables on disk, checked on write and on read."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cellpheno.errors import StudyError
from cellpheno.files import whole
from cellpheno.tables.columns import DTYPES, Column, Table


def write(frame: pd.DataFrame, path: str | Path, table: Table) -> None:
    """Check a table and write it, whole or not at all.

    Parameters
    ----------
    frame
        Rows of the table; described columns are put first, in their order.
    path
        Ends in `.parquet` or `.tsv`.
    table
        What kind of table it is.

    Raises
    ------
    StudyError
        When the frame is not such a table.
    """
    path = Path(path)
    frame = _checked(frame, table, f"the {table.name} table for {path}")
    with whole(path) as temporary:
        if path.suffix == ".parquet":
            arrow = pa.Table.from_pandas(frame, preserve_index=False)
            mark = json.dumps({"table": table.name, "version": table.version}).encode()
            arrow = arrow.replace_schema_metadata(
                {**(arrow.schema.metadata or {}), b"cellpheno": mark}
            )
            # numbers seldom repeat: splitting their bytes packs them better than a dictionary
            split = {field.name: pa.types.is_floating(field.type) for field in arrow.schema}
            pq.write_table(
                arrow,
                temporary,
                compression="zstd",
                use_dictionary=[name for name, floating in split.items() if not floating],
                use_byte_stream_split=[name for name, floating in split.items() if floating],
            )
        else:
            frame.to_csv(temporary, sep="\t", index=False, float_format="%.10g", na_rep="NA")


def read(path: str | Path, table: Table) -> pd.DataFrame:
    """Read a table and check that it is of the kind and version expected.

    Raises
    ------
    StudyError
        When the file is another table, of another version, or does not hold what it should.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        arrow = pq.read_table(path)
        mark = json.loads((arrow.schema.metadata or {}).get(b"cellpheno", b"{}"))
        if mark != {"table": table.name, "version": table.version}:
            raise StudyError(
                f"{path} is not a {table.name} table of version {table.version} (found: {mark}); "
                "delete it and run the workflow again to make it anew."
            )
        frame = arrow.to_pandas()
    else:
        # what is not described stays text: a well 007 is not the number 7
        frame = pd.read_csv(path, sep="\t", dtype="str", keep_default_na=False, na_values=["NA"])
    return _checked(frame, table, str(path))


def concatenate(frames: list[pd.DataFrame], table: Table) -> pd.DataFrame:
    """Stack tables of one kind; no tables give the empty table."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else (frames or [table.empty()])[0]


def _checked(frame: pd.DataFrame, table: Table, where: str) -> pd.DataFrame:
    """Return the frame with described columns first and cast, or say what is wrong with it."""
    order: list[str] = []
    columns: dict[str, pd.Series] = {}
    for column in (*table.columns, *table.further):
        names = [name for name in frame.columns if column.matches(name)]
        if not names and column in table.columns and not column.name.endswith("*"):
            raise StudyError(
                f"{where} lacks the column {column.name} ({column.meaning}); it may come from an "
                "older version: delete it and run the workflow again."
            )
        for name in names:
            columns[name] = _checked_column(frame[name], column, f"{where}, column {name},")
            order.append(name)
    rest = [name for name in frame.columns if name not in columns]
    checked = frame[order + rest].assign(**columns)
    if table.key and checked.duplicated(list(table.key)).any():
        twice = checked.loc[checked.duplicated(list(table.key)), list(table.key)].iloc[0].to_dict()
        raise StudyError(f"{where} holds {twice} more than once; each may stand once.")
    return checked


def _checked_column(values: pd.Series, column: Column, where: str) -> pd.Series:
    """Return one column with its dtype, or say which value does not fit."""
    missing = values.isna()
    if missing.any() and not column.optional:
        raise StudyError(f"{where} has no value in row {int(np.argmax(missing)) + 1}.")
    if column.kind == "bool" and not pd.api.types.is_bool_dtype(values):
        # of text, every word would be true
        spelled = values.astype("str").map({"True": True, "False": False})
        if spelled.isna().any():
            raise StudyError(
                f"{where} holds {values[spelled.isna()].iloc[0]!r}, not True or False."
            )
        values = spelled
    try:
        values = values.astype(DTYPES[column.kind])
    except (ValueError, TypeError) as error:
        raise StudyError(f"{where} should hold {column.kind} values: {error}.") from error
    if column.allowed and not values[~missing].isin(column.allowed).all():
        found = values[~missing & ~values.isin(column.allowed)].iloc[0]
        raise StudyError(f"{where} holds {found!r}; allowed are {', '.join(column.allowed)}.")
    if column.kind in ("float", "int"):
        outside = ~missing & ~values.between(column.minimum, column.maximum)
        if outside.any():
            raise StudyError(
                f"{where} holds {values[outside].iloc[0]}, which is not between "
                f"{column.minimum} and {column.maximum}."
            )
    return values
