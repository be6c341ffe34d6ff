"""Apply fixed splits from lists of names, such as those of published data sets (C11)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cellpheno.annotations.regions import AnnotatedImage, FieldNames
from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known


def apply(config: Mapping[str, Any], fields: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Return the sample sheet with the splits that the config's lists give its fields.

    `splits.lists` names a text file for each split, relative to `data_root`, which is relative
    to `folder`, with one field or image file per line.

    Raises a StudyError when a list cannot be read, contains an unknown name or a field of another
    list, or contradicts the sheet.
    """
    if not config["splits"]["lists"]:  # FieldNames of a hundred thousand fields take seconds
        return fields
    known = FieldNames(fields.to_dict("records"), config["channels"])
    source: dict[str, str] = {}
    split = dict(zip(fields["field"], fields["split"], strict=True))
    for name, file in config["splits"]["lists"].items():
        path = folder / config["data_root"] / file
        for number, line in enumerate(_lines(path), 1):
            field = known.field(AnnotatedImage(line, (), f"line {number} of {path}"))
            if field is None:
                raise StudyError(
                    f"Line {number} of {path} (splits.lists.{name}) names {line!r}, which is not a "
                    "field or file of the sample sheet; correct the list or the sheet."
                )
            if field in source and split[field] != name:
                raise StudyError(
                    f"The field {field} is in two lists of splits.lists, {source[field]} and "
                    f"{file}; leave it in one."
                )
            if split[field] not in ("", name):
                raise StudyError(
                    f"The field {field} is {split[field]} in the sample sheet but {name} by "
                    f"{path} (splits.lists.{name}); make them agree."
                )
            source[field], split[field] = file, name
    return fields.assign(split=fields["field"].map(split))


def check(config: Mapping[str, Any], fields: pd.DataFrame) -> None:
    """Refuse to hold out unknown groups, and to keep pairs together where no field can move."""
    check_hold_out(config, fields)
    check_together(config, fields)


def check_hold_out(config: Mapping[str, Any], fields: pd.DataFrame) -> None:
    """Raise a StudyError for a value of `splits.hold_out` that the sample sheet lacks."""
    by = config["splits"]["by"]
    for value in config["splits"]["hold_out"]:
        known = sorted(fields[by].unique())
        check_known(value, known, "splits.hold_out", f"the values of {by} in {config['fields']}")


def check_together(config: Mapping[str, Any], fields: pd.DataFrame) -> None:
    """Raise a StudyError when near-duplicates are to be kept together but no split is open."""
    if config["splits"]["near_duplicates"] == "keep_together" and (fields["split"] != "").all():
        by = "splits.lists" if config["splits"]["lists"] else "the column split"
        raise StudyError(
            "splits.near_duplicates is keep_together, but no field can move, because "
            f"{by} of {config['fields']} gives each of them its split; set it to refuse or allow, "
            "or leave some splits open."
        )


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise StudyError(
            f"{path} (splits.lists) cannot be opened: {error.strerror}; correct its path."
        ) from error
    except UnicodeDecodeError as error:
        raise StudyError(f"{path} (splits.lists) is not text in UTF-8; save it as that.") from error
    return [line.strip() for line in text.splitlines() if line.strip()]
