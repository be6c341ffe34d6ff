"""Write and read tables, and check them each time."""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cellpheno.core.errors import StudyError
from cellpheno.core.files import whole
from cellpheno.tables.columns import DTYPES, Column, Table


def write(
    frame: pd.DataFrame, path: str | Path, table: Table, searched: Iterable[str] | None = None
) -> None:
    """Check a table and write it to `.parquet` or `.tsv`, with the described columns first.

    Parquet files record their number of rows, and with `searched` also that of every searched
    field, so that a field without rows differs from one that was never searched.

    Raises a StudyError when the frame is not such a table, or has rows of a field that was not
    searched.
    """
    path = Path(path)
    frame = _checked(frame, table, f"the {table.name} table for {path}")
    with whole(path) as temporary:
        if path.suffix == ".parquet":
            arrow = pa.Table.from_pandas(frame, preserve_index=False)
            mark = {"table": table.name, "version": table.version, "rows": len(frame)}
            if searched is not None:
                mark["fields"] = _rows_of(frame, searched, path)
            arrow = arrow.replace_schema_metadata(
                {**(arrow.schema.metadata or {}), b"cellpheno": json.dumps(mark).encode()}
            )
            # numbers rarely repeat: splitting their bytes compresses better than a dictionary
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
    """Read a table and check its kind, version and content.

    Raises a StudyError when the file is another table or version, is invalid, or lost or gained
    rows.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        arrow = pq.read_table(path)
        mark = _mark(arrow.schema)
        kind = {key: mark.get(key) for key in ("table", "version")}
        if kind != {"table": table.name, "version": table.version}:
            raise StudyError(
                f"{path} is not a {table.name} table of version {table.version} (found: {kind}); "
                "delete it and run the workflow again."
            )
        frame = arrow.to_pandas()
        _check_whole(frame, mark, path)
    else:
        if not path.read_bytes().endswith(b"\n"):  # half a number looks like another number
            raise StudyError(
                f"{path} ends within a line: it was cut or edited; delete it and run the workflow "
                "again."
            )
        # undescribed columns remain text: well 007 is not the number 7
        frame = pd.read_csv(path, sep="\t", dtype="str", keep_default_na=False, na_values=["NA"])
    return _checked(frame, table, str(path))


def searched(path: str | Path) -> list[str]:
    """Return the fields that were searched to fill a Parquet table, in order.

    Raises a StudyError when the file does not record them.
    """
    fields = _mark(pq.read_schema(path)).get("fields")
    if fields is None:
        raise StudyError(
            f"{path} does not record which fields were searched; delete it and run the workflow "
            "again."
        )
    return list(fields)


def read_searched(
    paths: Iterable[str | Path], table: Table, expected: Collection[str], source: str
) -> pd.DataFrame:
    """Read the tables of all shards as one, and check that together they cover all fields.

    `expected` are the fields of the previous stage, which messages call `source`.

    Raises a StudyError when a field was not searched, was searched twice, or is not expected.
    """
    files = [Path(path) for path in paths]
    frames = [read(path, table) for path in files]
    fields = [field for path in files for field in searched(path)]
    check_fields(fields, expected, str(files[0] if len(files) == 1 else files[0].parent), source)
    return concatenate(frames, table)


def check_fields(found: Iterable[str], expected: Collection[str], what: str, source: str) -> None:
    """Raise a StudyError when a stage has missing, additional or repeated fields."""
    counts = Counter(found)
    absent = [field for field in expected if field not in counts]
    extra = sorted(set(counts) - set(expected))
    twice = [field for field, number in counts.items() if number > 1]
    for fields, fault in (
        (absent, f"lacks {len(absent)} of the {len(expected)} fields of {source}"),
        (extra, f"contains {len(extra)} fields that {source} does not contain"),
        (twice, f"contains {len(twice)} fields more than once"),
    ):
        if fields:
            raise StudyError(
                f"{what} {fault} (first: {fields[0]}): it was edited, or marked as up to date "
                "(--touch) without a run; delete it and run the workflow again."
            )


def concatenate(frames: list[pd.DataFrame], table: Table) -> pd.DataFrame:
    """Stack tables of one kind; an empty list gives the empty table."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else (frames or [table.empty()])[0]


def _mark(schema: pa.Schema) -> dict[str, Any]:
    return json.loads((schema.metadata or {}).get(b"cellpheno", b"{}"))


def read_with_array(
    array: str | Path, path: str | Path, table: Table
) -> tuple[npt.NDArray[Any], pd.DataFrame]:
    """Read a table and the array [n, ...] with one entry for each of its rows.

    Raises a StudyError as `read` does, and when the array is truncated or has another number of
    rows.
    """
    frame = read(path, table)
    try:
        values = np.load(array, mmap_mode="r")
    except (ValueError, EOFError) as error:
        raise StudyError(
            f"{array} is truncated or damaged; delete it and run the workflow again."
        ) from error
    if len(values) != len(frame):
        raise StudyError(
            f"{array} has {len(values)} rows, but {path} has {len(frame)}: they do not belong "
            "together; delete both and run the workflow again."
        )
    return values, frame


def _rows_of(frame: pd.DataFrame, searched: Iterable[str], path: Path) -> dict[str, int]:
    """Return the number of rows of every field that was searched."""
    counts = frame["field"].value_counts()
    rows = dict.fromkeys(searched, 0)
    for field, number in counts.items():
        if field not in rows:
            raise StudyError(f"{path} has rows of the field {field}, which was not searched.")
        rows[str(field)] = int(number)
    return rows


def _check_whole(frame: pd.DataFrame, mark: dict[str, Any], path: Path) -> None:
    """Refuse a table that was truncated or edited."""
    if len(frame) != mark.get("rows"):
        raise StudyError(
            f"{path} has {len(frame)} rows, but {mark.get('rows', 'an unknown number')} were "
            "written: it was truncated or edited; delete it and run the workflow again."
        )
    if "fields" not in mark:
        return
    counts = frame["field"].value_counts().to_dict()
    for field, number in mark["fields"].items():
        if counts.pop(field, 0) != number:
            raise StudyError(
                f"{path} does not have the {number} rows of the field {field} that were written: "
                "it was edited; delete it and run the workflow again."
            )
    if counts:
        raise StudyError(
            f"{path} has rows of the field {next(iter(counts))}, which was not searched: it was "
            "edited; delete it and run the workflow again."
        )


def _checked(frame: pd.DataFrame, table: Table, where: str) -> pd.DataFrame:
    """Return the frame with its described columns cast and first, or explain what is wrong."""
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
    repeated = checked.duplicated(list(table.key)) if table.key else pd.Series(dtype="bool")
    if repeated.any():
        twice = checked.loc[repeated, list(table.key)].iloc[0].to_dict()
        raise StudyError(f"{where} contains {twice} more than once; remove the repeated rows.")
    return checked


def _checked_column(values: pd.Series, column: Column, where: str) -> pd.Series:
    """Return one column with its dtype, or report the invalid value."""
    missing = values.isna()
    if missing.any() and not column.optional:
        raise StudyError(f"{where} has no value in row {int(np.argmax(missing)) + 1}.")
    if column.kind == "bool" and not pd.api.types.is_bool_dtype(values):
        # a cast would make every word true
        spelled = values.astype("str").map({"True": True, "False": False})
        if spelled.isna().any():
            found = values[spelled.isna()].iloc[0]
            raise StudyError(f"{where} contains {found!r}, not True or False.")
        values = spelled
    try:
        values = values.astype(DTYPES[column.kind])
    except (ValueError, TypeError) as error:
        raise StudyError(f"{where} should contain {column.kind} values: {error}.") from error
    if column.allowed and not values[~missing].isin(column.allowed).all():
        found = values[~missing & ~values.isin(column.allowed)].iloc[0]
        raise StudyError(f"{where} contains {found!r}; allowed are {', '.join(column.allowed)}.")
    if column.kind in ("float", "int"):
        outside = ~missing & ~values.between(column.minimum, column.maximum)
        if outside.any():
            raise StudyError(
                f"{where} contains {values[outside].iloc[0]}, which is not between "
                f"{column.minimum} and {column.maximum}."
            )
    return values
