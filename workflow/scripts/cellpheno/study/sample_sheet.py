"""The sample sheet: one row per field of view, checked before any compute."""

import array
import errno
import hashlib
import itertools
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from cellpheno.core import notices, text_tables, wells
from cellpheno.core.errors import Mistakes, StudyError
from cellpheno.study import config_values, spellings
from cellpheno.study.composite import RESERVED
from cellpheno.study.inputs import COLOURS

FIELD_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
SPLITS = ("train", "val", "test", "predict")
COLUMNS = ("field", "condition", "replicate", "group")
"""Columns that every study has in addition to one per channel; a sheet needs only the first."""
DEFAULTS = {"condition": "all", "replicate": "1"}
"""Values of columns that a sheet lacks; without a group, each field is one."""
NAMES = ("condition", "replicate", "group")
"""Columns in which equal values mean the same."""
DISH = r"(dish|flask|coverslip|well)[ ._-]*\w{1,4}"
"""Group names, in any case, of dishes that usually hold one condition, unlike patients."""
LONGEST_NAME = 100
"""Characters of a name; field names become file names."""
IMAGE_FOLDERS = (".zarr",)
"""Suffixes of folders that are one image."""
SHARD = 50
"""Fields of a shard, at least, unless the config gives their number."""
SHARD_BYTES = 200_000_000
"""Most bytes of the files of a larger shard."""
LEAST_SHARDS = 8
"""Shards that are left for several cores."""
SHOWN = 5
_ODD = re.compile(r"(^|/)\.?(/|$)", re.MULTILINE)
"""Names, one a line, that a Path would normalise or not join."""
_FAULTS = {
    errno.ENOENT: "does not exist",
    errno.ENOTDIR: "does not exist",
    errno.ELOOP: "is a link that leads in a circle",
    errno.EACCES: "lies in a folder that may not be opened (permission denied)",
}


def read(config: dict[str, Any], folder: Path, must_exist: bool) -> pd.DataFrame:
    """Read the sample sheet as text: one row per field, paths joined with `data_root`.

    Blanks around values and blank lines are ignored. `must_exist` is False when a rule makes the
    channel files; relative paths start at `folder`.

    Raises a StudyError for a sheet that is missing, empty or malformed, and otherwise with all
    columns, the first row of each column, and the files that are wrong.
    """
    sheet = config["fields"]
    if not os.path.lexists(folder / sheet):
        raise StudyError(
            f"The sample sheet {sheet} (config key fields) is missing; config/README.md says how "
            "to make it."
        )
    fields = _completed(_table(folder / sheet, sheet), sheet)
    mistakes = Mistakes()
    with mistakes:
        _check_columns(fields, config)
    with mistakes:
        _check_texts(fields, sheet)
    with mistakes:
        _check_names(fields, sheet)
    mistakes.refuse()
    for channel in config["channels"]:
        fields[channel] = _joined(Path(config["data_root"]), fields[channel].tolist())
    if must_exist:
        _check_files(fields, config["channels"], folder, sheet)
    return fields.reset_index(drop=True)


def without_rows(config: dict[str, Any]) -> pd.DataFrame:
    """Return the empty sample sheet of a study whose data are not fetched yet."""
    chosen = [config["splits"]["by"], *config["evaluation"]["by"]]
    return pd.DataFrame(columns=[*dict.fromkeys([*COLUMNS, "split", *config["channels"], *chosen])])


def _table(path: Path, sheet: str) -> pd.DataFrame:
    """Return the sheet as text, indexed by line number."""
    content = text_tables.text(path, sheet)
    first = content.lstrip().partition("\n")[0]
    other = text_tables.separator(first)
    if other != "\t" and other in first:
        raise StudyError(
            f"{sheet} is separated by {text_tables.NAMES[other]}s, not by tabs; save it as "
            'tab-separated text in UTF-8 (in Excel: "Unicode Text", then change the encoding).'
        )
    return text_tables.table(list(text_tables.rows(content, "\t", sheet)), sheet)


def _completed(fields: pd.DataFrame, sheet: str) -> pd.DataFrame:
    """Add the columns that a sheet may lack, and warn of groups that nobody has named."""
    if "field" not in fields:
        return fields
    added = {name: value for name, value in DEFAULTS.items() if name not in fields}
    added |= {} if "split" in fields else {"split": ""}
    fields = fields.assign(**added)
    if "group" not in fields:
        fields["group"] = fields["field"]
        if (fields["split"] == "").any():
            notices.warn(
                f"{sheet} has no column group, so each field is a group of its own: if several "
                "show one well, slide or patient, training and test would share it; add the column."
            )
    return fields[[*COLUMNS, *(name for name in fields if name not in COLUMNS)]]


def _check_columns(fields: pd.DataFrame, config: dict[str, Any]) -> None:
    sheet = config["fields"]
    chosen = [config["splits"]["by"], *config["evaluation"]["by"]]
    mistakes = Mistakes()
    for column in dict.fromkeys([*COLUMNS, *config["channels"], *chosen]):
        with mistakes:
            _check_column(fields, column, sheet)
    for column in sorted(RESERVED - {*COLUMNS, "split"}):
        with mistakes:
            if column in fields:
                raise StudyError(
                    f"{sheet} has a column {column}, a name reserved for result tables; rename it."
                )
    mistakes.refuse()


def _check_column(fields: pd.DataFrame, column: str, sheet: str) -> None:
    if column not in fields:
        raise StudyError(
            f"{sheet} lacks the column {column}; found are {', '.join(fields.columns)}."
        )
    empty = fields.index[fields[column] == ""]
    if len(empty):
        raise StudyError(
            f"Line {empty[0]} of {sheet} has no value in the column {column}; fill it in."
        )
    if (fields[column] == "NA").any():
        raise StudyError(
            f"{sheet} has NA in the column {column}, which the result tables use for missing "
            "values; write another word."
        )


def _check_texts(fields: pd.DataFrame, sheet: str) -> None:
    for column in fields.columns:
        if fault := config_values.fault_of_text(column, LONGEST_NAME):
            raise StudyError(f"A column name of {sheet} {fault}.")
        longest = LONGEST_NAME if column in COLUMNS else config_values.LONGEST
        values = fields[column].tolist()
        if max(map(len, values)) <= longest and "".join(values).isprintable():
            continue
        for line, value in zip(fields.index, values, strict=True):
            if fault := config_values.fault_of_text(value, longest):
                raise StudyError(f"Line {line} of {sheet}: the value of {column} {fault}.")


def _check_names(fields: pd.DataFrame, sheet: str) -> None:
    mistakes = Mistakes()
    bad = fields.loc[~fields["field"].str.fullmatch(FIELD_NAME), "field"]
    with mistakes:
        if len(bad):
            raise StudyError(
                f"The field {bad.iloc[0]!r} in {sheet} should contain only letters, digits, dots, "
                "dashes and underscores; rename it."
            )
    twice = fields.loc[fields["field"].duplicated(), "field"]
    with mistakes:
        if len(twice):
            raise StudyError(
                f"The field {twice.iloc[0]} is in {sheet} more than once; give each its own name."
            )
    odd = fields[~fields["split"].isin(["", *SPLITS])]
    with mistakes:
        if len(odd):
            raise StudyError(
                f"The field {odd['field'].iloc[0]} in {sheet} has the split "
                f"{odd['split'].iloc[0]!r}; use {', '.join(SPLITS)}, or leave it empty."
            )
    mistakes.refuse()


def _joined(root: Path, names: list[str]) -> list[str]:
    """Return names joined to a folder like Paths, in a tenth of the time."""
    if _ODD.search("\n".join(names)):
        return [str(root / name) for name in names]
    start = "" if root == Path() else f"{root}/"
    return [start + name for name in names]


def _check_files(fields: pd.DataFrame, channels: list[str], folder: Path, sheet: str) -> None:
    """Raise a StudyError that counts the files which are missing or unreadable."""
    names = fields["field"].tolist()
    faults = [
        f"{path} ({channel} of the field {name}) {fault}"
        for channel in channels
        for name, path in zip(names, fields[channel].tolist(), strict=True)
        if (fault := _fault(f"{folder}/{path}" if path[0] != "/" else path))
    ]
    if faults:
        raise StudyError(
            f"{len(faults)} of {len(fields) * len(channels)} files in {sheet} cannot be used: "
            f"{'; '.join(faults[:SHOWN])}{'; ...' if len(faults) > SHOWN else ''}; correct the "
            "names, or data_root in the config."
        )


def _fault(path: str) -> str | None:
    """Return why an image file cannot be read, without opening it; None if it can."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - for 300,000 files a Path takes seconds
    except OSError as error:
        return _FAULTS.get(error.errno or 0, f"cannot be examined ({error.strerror})")
    if stat.S_ISDIR(mode):
        return None if path.lower().endswith(IMAGE_FOLDERS) else "is a folder"
    if not stat.S_ISREG(mode):
        return "is a device or a pipe"
    return None if os.access(path, os.R_OK) else "may not be read (permission denied)"


def check_planes(config: dict[str, Any], fields: pd.DataFrame) -> None:
    """Raise a StudyError when two channels or two fields are the same plane of a file.

    Channels named red, green and blue are the colours of their file if they always share it.
    """
    colours = [name for name in COLOURS if name in config["channels"]]
    if all((fields[colour] == fields[colours[0]]).all() for colour in colours):
        planes = {colour: colour for colour in colours} | config["image_files"]["planes"]
    else:
        planes = config["image_files"]["planes"]
    for one, other in itertools.combinations(config["channels"], 2):
        same = fields.loc[fields[one] == fields[other], ["field", one]]
        if len(same) and planes.get(one) == planes.get(other):
            field, path = same.iloc[0]
            raise StudyError(
                f"The field {field} in {config['fields']} has the file {path} as {one} and as "
                f"{other}; correct the names, or set image_files.planes to distinguish the planes."
            )

    of_channels = [
        fields[["field"]].assign(path=fields[channel], plane=str(planes.get(channel)))
        for channel in config["channels"]
    ]
    images = pd.concat(of_channels, ignore_index=True)
    again = images[images.duplicated(["path", "plane"])]
    if len(again):
        field, path, plane = again.iloc[0]
        same = (images["path"] == path) & (images["plane"] == plane)
        raise StudyError(
            f"The fields {images.loc[same, 'field'].iloc[0]} and {field} in {config['fields']} "
            f"have the same image, {path}, so its cells would count twice; correct the file "
            "name, or leave out one of the fields."
        )


def check_spellings(config: dict[str, Any], fields: pd.DataFrame) -> None:
    """Warn of names that may be spellings of one name, and refuse those that look the same.

    Raises a StudyError for names that look the same, and for another spelling of the control.
    """
    columns = dict.fromkeys([*NAMES, config["splits"]["by"], *config["evaluation"]["by"]])
    where = {f"the column {name} of {config['fields']}": fields[name].unique() for name in columns}
    where["classes of the config"] = [*config["classes"], *config["class_groups"]]
    for place, names in where.items():
        for alike in spellings.look_alikes(names):
            shown = " and ".join(map(ascii, alike))
            raise StudyError(
                f"In {place}, {shown} look the same but are different texts; write them in one way."
            )
        variants = spellings.variants(names)
        if variants:
            shown = "; ".join(" and ".join(map(repr, alike)) for alike in variants[:SHOWN])
            notices.warn(
                f"In {place}, {shown}{'; ...' if len(variants) > SHOWN else ''} differ only in "
                "case, blanks, dashes or leading zeros, and count as different; write them in one "
                "way if they mean the same."
            )
    for alike in spellings.variants(fields["condition"].unique()):
        if config["statistics"]["control"] in alike:
            raise StudyError(
                f"In the column condition of {config['fields']}, {' and '.join(map(repr, alike))} "
                "differ only in spelling, and one of them is statistics.control, so the control "
                "would be compared with itself; write them in one way."
            )


def check_groups(config: dict[str, Any], fields: pd.DataFrame) -> None:
    """Warn of wells and dishes that are one group on several plates, conditions or replicates.

    Other names are ignored, as a patient may have several.
    """
    groups = fields["group"]
    rows = {name[0] for name in map(wells.parse, groups.unique()) if name}
    named_wells = len(rows) > 1 and all(map(wells.parse, groups.unique()))
    if "plate" in fields:
        columns, what = ["plate"], "plates"
    elif named_wells or groups.str.fullmatch(DISH, case=False).all():
        columns, what = ["condition", "replicate"], "conditions or replicates"
    else:
        return
    places = fields[["group", *columns]].drop_duplicates()["group"].value_counts()
    several = sorted(places.index[places > 1])
    if several:
        notices.warn(
            f"{len(several)} of {groups.nunique()} groups in {config['fields']} are on several "
            f"{what} (such as {several[0]}), and each counts as one group in one split; if they "
            f"differ, use names such as plate1-{several[0]} and plate2-{several[0]}."
        )


def check_classes(classes: list[str], annotated: set[str], files: list[str]) -> None:
    """Raise a StudyError for a class of the config that has no annotation."""
    for name in classes:
        if name not in annotated:
            raise StudyError(
                f"The class {name!r} in the config does not occur in the annotations "
                f"({', '.join(files)}); those that do are {', '.join(sorted(annotated))}: correct "
                "classes or annotations.rename."
            )


def fields_in_shard(config: dict[str, Any], fields: pd.DataFrame) -> int:
    """Return the number of fields that one job handles: as the config says, or by their files.

    It doubles while the files of a shard stay small (those of the first ten fields stand for all)
    and enough shards are left, so that a few more fields do not divide all of them anew. Files of a
    simulation are not there yet.
    """
    given: int | None = config["fields_per_shard"]
    rows = fields[config["channels"]].head(10).to_numpy().tolist()
    if given or "simulation" in config or not all(map(os.path.isfile, itertools.chain(*rows))):
        return given or SHARD
    largest = max((sum(map(os.path.getsize, set(row))) for row in rows), default=0)
    size = SHARD
    while 2 * size * largest <= SHARD_BYTES and 2 * size * LEAST_SHARDS <= len(fields):
        size *= 2
    return size


def shards(fields: pd.DataFrame, size: int, most: int) -> dict[str, pd.DataFrame]:
    """Divide the sample sheet, in order, into shards of `size` fields, or more if it is long.

    There are at most `most` shards: Snakemake plans hundreds of jobs in seconds, but ten thousand
    in minutes, again in every job on a cluster.
    """
    size = max(size, -(-len(fields) // max(1, most)))
    starts = range(0, len(fields), size)
    digits = max(3, len(str(len(starts))))
    return {f"shard-{n:0{digits}d}": fields.iloc[s : s + size] for n, s in enumerate(starts)}


def raw_version(paths: Iterable[str | Path]) -> str:
    """Return a hash of the size and time of every file, including those in image folders.

    It reveals changed raw data without an input per file.
    """
    numbers = array.array("q")
    for path in paths:
        status = os.stat(path)  # noqa: PTH116 - for 300,000 files a Path takes seconds
        numbers.extend((status.st_size, status.st_mtime_ns))
        if stat.S_ISDIR(status.st_mode):
            parts = [part.stat() for part in Path(path).rglob("*")]
            numbers.append(sum(part.st_size for part in parts))
            numbers.append(max((part.st_mtime_ns for part in parts), default=0))
    return hashlib.sha256(numbers.tobytes()).hexdigest()[:12]
