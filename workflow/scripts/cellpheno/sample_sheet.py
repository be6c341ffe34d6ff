"""The sample sheet: one row per field of view, checked before any compute."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from cellpheno.configuration import check_known
from cellpheno.errors import StudyError

FIELD_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
SPLITS = ("train", "val", "test", "predict")


def read(config: dict[str, Any], folder: Path, must_exist: bool) -> pd.DataFrame:
    """Read the sample sheet: one row per field, all columns text, paths joined with `data_root`.

    Parameters
    ----------
    config
        A complete config.
    folder
        What relative paths are relative to.
    must_exist
        Whether every channel file must be there; not so for files that a rule makes.

    Raises
    ------
    StudyError
        For a sheet that is missing, empty or malformed, and for the first row that is wrong.
    """
    sheet = config["fields"]
    if not (folder / sheet).is_file():
        raise StudyError(
            f"The sample sheet {sheet} (config key fields) is not there; config/README.md says how "
            "to make it."
        )
    try:
        fields = pd.read_csv(folder / sheet, sep="\t", dtype=str, keep_default_na=False)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise StudyError(f"{sheet} cannot be read as tab-separated text: {error}.") from error
    if fields.empty:
        raise StudyError(f"{sheet} has no rows; give one row per field of view.")
    if "split" not in fields:
        fields["split"] = ""
    _check_columns(fields, config)
    _check_names(fields, sheet)
    root = Path(config["data_root"])
    for channel in config["channels"]:
        fields[channel] = [str(root / name) for name in fields[channel]]
        if must_exist:
            _check_files(fields, channel, folder, sheet)
    return fields


def _check_columns(fields: pd.DataFrame, config: dict[str, Any]) -> None:
    sheet = config["fields"]
    named = ["field", "condition", "replicate", "group"]
    for column in [*named, *config["channels"], config["splits"]["by"]]:
        if column not in fields:
            raise StudyError(
                f"{sheet} lacks the column {column}; found are {', '.join(fields.columns)}."
            )
        empty = fields[column].str.strip() == ""
        if empty.any():
            line = int(empty.to_numpy().argmax()) + 2
            raise StudyError(f"Line {line} of {sheet} has nothing in column {column}; fill it in.")
        if (fields[column] == "NA").any():
            raise StudyError(
                f"{sheet} has NA in the column {column}, which the result tables use for missing "
                "values; write another word."
            )


def _check_names(fields: pd.DataFrame, sheet: str) -> None:
    bad = fields.loc[~fields["field"].str.fullmatch(FIELD_NAME), "field"]
    if len(bad):
        raise StudyError(
            f"The field {bad.iloc[0]!r} in {sheet} should hold only letters, digits, dots, dashes "
            "and underscores; rename it."
        )
    twice = fields.loc[fields["field"].duplicated(), "field"]
    if len(twice):
        raise StudyError(
            f"The field {twice.iloc[0]} stands more than once in {sheet}; give each its own name."
        )
    odd = fields[~fields["split"].isin(["", *SPLITS])]
    if len(odd):
        raise StudyError(
            f"The field {odd['field'].iloc[0]} in {sheet} has the split {odd['split'].iloc[0]!r}; "
            f"use {', '.join(SPLITS)}, or leave it empty."
        )


def _check_files(fields: pd.DataFrame, channel: str, folder: Path, sheet: str) -> None:
    for field, path in zip(fields["field"], fields[channel], strict=True):
        if not (folder / path).is_file():
            raise StudyError(
                f"The {channel} file of the field {field} in {sheet} is not there: {path}; correct "
                "the name, or data_root in the config."
            )


def check_statistics(config: dict[str, Any], fields: pd.DataFrame) -> None:
    """Refuse comparisons that cannot be made.

    Raises
    ------
    StudyError
        When the control is not a condition of the sample sheet, or a condition that is compared
        has fewer than two units.
    """
    settings, sheet = config["statistics"], config["fields"]
    if settings["control"] is None:
        return
    compared = _compared(config, fields)
    conditions = sorted(compared["condition"].unique())
    if settings["control"] not in conditions:
        raise StudyError(
            f"statistics.control is {settings['control']!r}, which is not a condition in {sheet}; "
            f"those compared are {', '.join(conditions)}."
        )
    for test in settings["tests"]:
        unit = test["unit"]
        counts = compared.groupby("condition")[unit].nunique()
        for condition, count in counts[counts < 2].items():
            raise StudyError(
                f"The condition {condition} has {count} {unit} in {sheet}, but the {test['test']} "
                f"test by {unit} needs at least 2; add some, change the unit in statistics.tests, "
                "or give its fields another split in the sheet if they take no part."
            )


def _compared(config: dict[str, Any], fields: pd.DataFrame) -> pd.DataFrame:
    """Return the fields that may take part in the comparison, as far as the sheet tells."""
    splits = config["statistics"]["splits"]
    compared = fields[fields["split"].isin(["", *splits])]
    if "simulation" in config and splits == ["predict"]:
        compared = compared[compared["condition"] != config["simulation"]["annotated"]]
    return compared


def check_simulation(config: dict[str, Any], fields: pd.DataFrame) -> None:
    """Refuse a simulation that does not fit the sample sheet or the classes.

    Raises
    ------
    StudyError
        For a condition without planted frequencies, frequencies of an unknown class or above 1,
        or an over-exposed field that is not in the sheet.
    """
    settings = config["simulation"]
    for condition in fields["condition"].unique():
        if condition not in settings["frequencies"]:
            raise StudyError(
                f"The condition {condition} of {config['fields']} has no entry in "
                "simulation.frequencies; add one."
            )
    for condition, planted in settings["frequencies"].items():
        where = f"simulation.frequencies/{condition}"
        for name in planted:
            check_known(name, config["classes"], where, "classes")
        if sum(planted.values()) > 1:
            raise StudyError(
                f"{where} adds up to {sum(planted.values()):g}; lower it to 1 or less."
            )
    for field in settings["overexposed"]:
        known = list(fields["field"])
        check_known(field, known, "simulation.overexposed", f"the fields of {config['fields']}")


def check_classes(classes: list[str], annotated: set[str], files: list[str]) -> None:
    """Refuse classes that no annotation knows.

    Raises
    ------
    StudyError
        For the first class without any annotation.
    """
    for name in classes:
        if name not in annotated:
            raise StudyError(
                f"The class {name!r} in the config does not occur in the annotations "
                f"({', '.join(files)}); those that do are {', '.join(sorted(annotated))}: correct "
                "classes or annotations.rename."
            )


def shards(fields: pd.DataFrame, size: int) -> dict[str, pd.DataFrame]:
    """Divide the sample sheet, in its order, into shards of at most `size` fields."""
    starts = range(0, len(fields), size)
    digits = max(3, len(str(len(starts))))
    return {f"shard-{n:0{digits}d}": fields.iloc[s : s + size] for n, s in enumerate(starts)}


def raw_version(paths: Iterable[str | Path]) -> list[list[int]]:
    """Return size and time of each file: changed raw data are noticed without an input per file."""
    return [[stat.st_size, stat.st_mtime_ns] for stat in (Path(path).stat() for path in paths)]
