r"""Make a sample sheet from a folder of images and a pattern of their names.

The pattern is a regular expression that must fit a file's whole path below FOLDER, written with
`/`. Its named groups become columns:

  channel     which column the file goes into; without it, all files are of one channel (--channel)
  field       the field of view; without it, the file's name without suffix
  condition, replicate, group, split, or any other name: a column as it is

What the pattern does not tell is filled in: --condition, --replicate and --group give one value
for all fields; without them condition is "all", replicate is "1" and each field is its own group.

Files like day1/mock_f03_dapi.tif, one per channel:

  python workflow/scripts/make_sample_sheet.py /data/my_study \
    '(?P<field>(?P<replicate>day\d)/(?P<condition>[a-z]+)_f\d+)_(?P<channel>actin|dapi)\.tif' \
    config/my_fields.tsv --group-by replicate
"""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from cellpheno.errors import StudyError
from cellpheno.files import whole

SHOWN = 5
FIXED = ("field", "condition", "replicate", "group")


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the sample sheet; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        paths = list_files(options.folder)
        pattern = compile_pattern(options.pattern)
        rename = {(column, old): new for column, old, new in options.rename}
        matched, others = match(paths, pattern, rename)
        _show(matched, others)
        defaults = {"condition": options.condition, "replicate": options.replicate}
        sheet = to_sheet(matched, options.channel, defaults, options.group, options.group_by)
        with whole(options.out) as temporary:
            sheet.to_csv(temporary, sep="\t", index=False)
    except StudyError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{options.out}: {len(sheet)} fields, columns {', '.join(sheet.columns)}")
    for column in ("condition", "replicate"):
        counts = sheet[column].value_counts(sort=False)
        print(f"  {column}: " + ", ".join(f"{name} {n}" for name, n in counts.items()))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the study's data_root, searched in depth")
    parser.add_argument("pattern", help="regular expression with named groups")
    parser.add_argument("out", type=Path, help="sample sheet to write")
    parser.add_argument("--channel", default="image", help="channel's name, where there is one")
    parser.add_argument("--condition", default="all", help="condition of all fields")
    parser.add_argument("--replicate", default="1", help="replicate of all fields")
    grouping = parser.add_mutually_exclusive_group()
    grouping.add_argument("--group", help="group of all fields")
    grouping.add_argument("--group-by", metavar="COLUMN", help="column whose values are the groups")
    parser.add_argument(
        "--rename",
        nargs=3,
        action="append",
        default=[],
        metavar=("COLUMN", "FOUND", "MEANT"),
        help="write MEANT where the pattern finds FOUND; may be given several times",
    )
    return parser


def list_files(folder: Path) -> list[str]:
    """Return the paths of all files below a folder, relative to it, sorted.

    Raises
    ------
    StudyError
        When there is no such folder.
    """
    if not folder.is_dir():
        raise StudyError(f"The folder {folder} is not there; give the one that holds the images.")
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def compile_pattern(text: str) -> re.Pattern[str]:
    """Compile the pattern.

    Raises
    ------
    StudyError
        When it is no regular expression.
    """
    try:
        return re.compile(text)
    except re.error as error:
        raise StudyError(f"The pattern {text!r} is no regular expression: {error}.") from error


def match(
    paths: Sequence[str], pattern: re.Pattern[str], rename: Mapping[tuple[str, str], str]
) -> tuple[list[dict[str, str]], list[str]]:
    """Return what the pattern finds in each path that it fits, and the paths it does not fit.

    Parameters
    ----------
    paths
        Relative to the folder.
    pattern
        With named groups; one that takes no part in a match is left out.
    rename
        (column, found value): value to write.

    Returns
    -------
    list
        One entry per matched file: its `path` and the values of the groups.
    list
        Paths that do not match.

    Raises
    ------
    StudyError
        When nothing matches.
    """
    matched: list[dict[str, str]] = []
    others: list[str] = []
    for path in paths:
        fit = pattern.fullmatch(path)
        if fit is None:
            others.append(path)
            continue
        found = {name: value for name, value in fit.groupdict().items() if value is not None}
        values = {name: rename.get((name, value), value) for name, value in found.items()}
        matched.append({"field": Path(path).stem, **values, "path": path})
    if not matched:
        raise StudyError(
            f"The pattern {pattern.pattern!r} fits none of {len(paths)} files, such as "
            f"{', '.join(paths[:3]) or 'none at all'}; it must fit the whole path."
        )
    return matched, others


def to_sheet(
    matched: Sequence[Mapping[str, str]],
    channel: str,
    defaults: Mapping[str, str],
    group: str | None = None,
    group_by: str | None = None,
) -> pd.DataFrame:
    """Return the sample sheet: one row per field, one column per channel.

    Parameters
    ----------
    matched
        One entry per file, with `path`, `field` and whatever the pattern tells.
    channel
        Channel of files whose entry has no `channel`.
    defaults
        Column: value where the pattern does not tell.
    group, group_by
        One group for all, or the column that holds the group; both None: each field its own.

    Raises
    ------
    StudyError
        When two files are the same channel of a field, a channel of a field is missing, or files
        of one field disagree.
    """
    rows: dict[str, dict[str, str]] = {}
    channels: dict[str, None] = {}
    for entry in matched:
        field = re.sub(r"[^A-Za-z0-9._-]+", "-", entry["field"]).lstrip("._-")
        name = entry.get("channel", channel)
        row = rows.setdefault(field, {})
        described = {k: v for k, v in entry.items() if k not in ("channel", "path")}
        values = {**defaults, **described, "field": field}
        for column, value in {**values, name: entry["path"]}.items():
            if row.setdefault(column, value) != value:
                raise StudyError(
                    f"The field {field} has two values in the column {column}, {row[column]} and "
                    f"{value}; let the group `field` of the pattern take in what tells them apart."
                )
        channels[name] = None
    for field, row in rows.items():
        for name in channels:
            if name not in row:
                raise StudyError(f"The field {field} has no file of the channel {name}.")
        if group_by and group_by not in row:
            raise StudyError(f"--group-by names {group_by}, which is no group of the pattern.")
        row.setdefault("group", group or (row[group_by] if group_by else field))
    sheet = pd.DataFrame(list(rows.values()), dtype=str)
    rest = [column for column in sheet if column not in (*FIXED, *channels)]
    sheet = sheet[[*FIXED, *rest, *sorted(channels)]]
    order = sheet["field"].map(_natural)
    return sheet.loc[order.sort_values().index].reset_index(drop=True)


def _natural(text: str) -> str:
    """Return a key that sorts f2 before f10."""
    return re.sub(r"\d+", lambda digits: digits[0].zfill(12), text)


def _show(matched: Sequence[Mapping[str, str]], others: Sequence[str]) -> None:
    print(f"{len(matched)} files match the pattern, {len(others)} do not")
    for entry in matched[:SHOWN]:
        found = ", ".join(f"{name} {value}" for name, value in entry.items() if name != "path")
        print(f"  {entry['path']}: {found}")
    if len(matched) > SHOWN:
        print("  ...")
    if others:
        more = ", ..." if len(others) > SHOWN else ""
        print("not matched: " + ", ".join(others[:SHOWN]) + more)


if __name__ == "__main__":
    sys.exit(main())
