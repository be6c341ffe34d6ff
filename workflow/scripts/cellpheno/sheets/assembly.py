"""Assemble the sample sheet from matched files: a row per field, a column per channel."""

import dataclasses
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.sheets.matching import Match
from cellpheno.study.composite import RESERVED
from cellpheno.study.sample_sheet import COLUMNS, DEFAULTS

PLACE = "(place)"
"""Temporary column of the default group: fields that must stay in one split."""
STACKED = {"z": "z planes", "time": "time points"}
"""Groups of which a field may have only one value, and their names."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """How files become fields."""

    channels: Sequence[str]
    """Columns of a file without the group `channel`; several if it contains several channels."""
    separate: Sequence[str] = ()
    """Those of z and time whose values are separate fields."""
    skip_incomplete: bool = False
    """Whether fields that lack a channel are left out, not refused."""
    divided: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    """Value of the group `channel` to the columns of a file that contains several channels."""


@dataclasses.dataclass(frozen=True)
class Assembled:
    """The sample sheet as far as file names define it."""

    fields: pd.DataFrame
    """One row per field, in natural order, with the column `PLACE`."""
    channels: list[str]
    """Columns that contain files."""
    incomplete: list[str]
    """Fields that were left out because they lack a channel."""


def assemble(matched: Sequence[Match], layout: Layout) -> Assembled:
    """Put the files of each field into one row.

    Raises a StudyError when a field has two files, z planes or time points in one channel, lacks a
    channel, or has files that disagree.
    """
    several_plates = len({one.found.get("plate") for one in matched}) > 1
    names = [_names(one, several_plates, layout.separate) for one in matched]
    fields = [field for field, _ in names]
    _refuse_stacks(matched, fields, layout.separate)
    _refuse_repeats(matched, fields)
    rows: dict[str, dict[str, str]] = {}
    files: dict[str, dict[str, str]] = {}
    for one, (field, place) in zip(matched, names, strict=True):
        row = rows.setdefault(field, {"field": field, PLACE: place})
        for column, value in one.found.items():
            if column not in ("channel", "field") and row.setdefault(column, value) != value:
                raise StudyError(
                    f"The field {field} has two values in the column {column}, {row[column]} and "
                    f"{value}; extend the group `field` of the pattern to what distinguishes them."
                )
        channel = _channel(one)
        own = layout.channels if channel is None else layout.divided.get(channel, [channel])
        for name in own:
            files.setdefault(name, {})[field] = one.path
    for name in layout.divided:
        if name not in {_channel(one) for one in matched}:
            raise StudyError(f"--divide names the channel {name}, which no file has; correct it.")
    channels = list(files) if layout.channels == list(files) else sorted(files, key=_natural)
    incomplete = _incomplete(list(rows), files, layout.skip_incomplete)
    kept = sorted(set(rows) - set(incomplete), key=_natural)
    sheet = pd.DataFrame([rows[field] for field in kept], dtype=str).fillna("")
    for name in STACKED:
        if name in sheet and name not in layout.separate and len(set(sheet[name])) == 1:
            sheet = sheet.drop(columns=name)
    for channel in channels:
        if channel in sheet:
            raise StudyError(
                f"A channel has the name of another column, {channel}; give it another name with "
                "--rename or --channel."
            )
        sheet[channel] = [files[channel][field] for field in kept]
    return Assembled(sheet, channels, incomplete)


def fill(sheet: pd.DataFrame, column: str, value: str | None, by: str | None) -> None:
    """Fill the column condition, replicate or group, in place, unless it is known already.

    It gets one value for all fields, the values of the column `by`, or the default: for the
    group, `PLACE`.

    Raises a StudyError when two sources define the column, or `by` is not a column.
    """
    if value is None and by is None:
        if column not in sheet:
            sheet[column] = DEFAULTS[column] if column in DEFAULTS else sheet[PLACE]
    elif column in sheet and by != column:
        raise StudyError(
            f"The pattern or the plate map defines the {column} already; leave out --{column} and "
            f"--{column}-by, or rename the group."
        )
    elif by is not None and by not in sheet:
        known = ", ".join(name for name in sheet.columns if name != PLACE)
        raise StudyError(f"--{column}-by names {by}, which is not a column; those are {known}.")
    else:
        sheet[column] = sheet[by] if by is not None else value


def finished(sheet: pd.DataFrame, channels: Sequence[str]) -> pd.DataFrame:
    """Return the sheet with its columns in order, checked as far as possible without a config.

    Raises a StudyError for a column with a reserved name and for a missing value.
    """
    rest = [name for name in sheet if name not in (*COLUMNS, PLACE, *channels)]
    for name in [*rest, *channels]:
        if name in RESERVED and name != "split":
            raise StudyError(
                f"A column would be named {name!r}, a reserved word of the result tables; rename "
                "the channel, the group of the pattern or the column of the plate map."
            )
    for column in COLUMNS:
        bad = sheet[sheet[column].isin(["", "NA"])]
        if len(bad):
            raise StudyError(
                f"The field {bad['field'].iloc[0]} would have {bad[column].iloc[0]!r} as its "
                f"{column}; give it another value."
            )
    return sheet[[*COLUMNS, *rest, *channels]]


def _names(one: Match, several_plates: bool, separate: Sequence[str]) -> tuple[str, str]:
    """Return the name of a file's field, and of the place that it belongs to."""
    values, inside = one.found, one.inside
    plate = [values["plate"]] if several_plates and "plate" in values else []
    well = [values["well"]] if "well" in values else []
    lead = [*(plate if "plate" not in inside else []), *(well if "well" not in inside else [])]
    position = [*lead, *([values["field"]] if "field" in values else [])]
    if not position:
        position = [values.get("plate") or PurePosixPath(one.path).stem]
    moments = [f"{n}{values[n]}" for n in separate if n in values and n not in inside]
    return _joined([*position, *moments]), _joined([*plate, *well] if well else position)


def _joined(parts: Sequence[str]) -> str:
    """Return a name of letters, digits, dots, dashes and underscores, without accents."""
    plain = unicodedata.normalize("NFKD", "_".join(parts))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    dashed = re.sub(r"[^A-Za-z0-9._-]+", "-", plain)
    return re.sub(r"--+", "-", dashed).strip("-").lstrip("._-")


def _channel(one: Match) -> str | None:
    """Return the channel in a file's name, as the name of a column."""
    found = one.found.get("channel")
    return found and (_joined([found]) or found)


def _refuse_stacks(
    matched: Sequence[Match], fields: Sequence[str], separate: Sequence[str]
) -> None:
    """Raise a StudyError when a channel of a field has several z planes or time points."""
    for name, meaning in STACKED.items():
        found: dict[tuple[str, str | None], set[str]] = {}
        for one, field in zip(matched, fields, strict=True):
            if name in one.found and name not in one.inside and name not in separate:
                key = (field, _channel(one))
                found.setdefault(key, set()).add(one.found[name])
        several = {key: values for key, values in found.items() if len(values) > 1}
        if several:
            (field, _), values = next(iter(several.items()))
            raise StudyError(
                f"{len({field for field, _ in several})} fields have several {meaning}, such as "
                f"{field} with {len(values)} ({', '.join(sorted(values)[:4])} ...), but a study "
                f"uses one: choose it with `--keep {name} {min(values)}`, or make each a field of "
                f"its own with `--separate {name}` or the group `field` of the pattern."
            )


def _refuse_repeats(matched: Sequence[Match], fields: Sequence[str]) -> None:
    """Raise a StudyError when a channel of a field has two files, or a field has no name."""
    first: dict[tuple[str, str | None], str] = {}
    for one, field in zip(matched, fields, strict=True):
        if not field:
            raise StudyError(
                f"The field of {one.path!r} would have a name without letters A-Z or digits; "
                "rename the file."
            )
        key = (field, _channel(one))
        other = first.setdefault(key, one.path)
        if other != one.path:
            channel = f" as its channel {key[1]}" if key[1] else ""
            raise StudyError(
                f"The field {field} has two files{channel}, {other!r} and {one.path!r}; extend the "
                "group `field` of the pattern to what distinguishes them, or move one away."
            )


def _incomplete(
    fields: Sequence[str], files: Mapping[str, Mapping[str, str]], skip: bool
) -> list[str]:
    """Return the fields that lack a channel, or raise a StudyError unless they may be skipped."""
    lacking = {
        field: [channel for channel, found in files.items() if field not in found]
        for field in fields
        if any(field not in found for found in files.values())
    }
    if lacking and (not skip or len(lacking) == len(fields)):
        examples = [f"{field} no {' or '.join(names)}" for field, names in lacking.items()]
        raise StudyError(
            f"{len(lacking)} of {len(fields)} fields lack a channel, such as "
            f"{'; '.join(examples[:3])}: add the files, or leave such fields out with "
            "--skip-incomplete."
        )
    return sorted(lacking, key=_natural)


def _natural(text: str) -> str:
    """Return a key that sorts f2 before f10."""
    return re.sub(r"\d+", lambda digits: digits[0].zfill(12), text)
