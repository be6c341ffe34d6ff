"""The config's `annotations`: who drew them, and what their format needs."""

from pathlib import Path

import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known
from cellpheno.study.overrides import Config

NONE = "none"
"""`annotations.format` of a study without annotations."""


def annotators(config: Config) -> list[Config]:
    """Return the `annotations` section of each annotator, the senior one first.

    The section itself fills what an entry of `further_annotators` leaves out.
    """
    settings = config["annotations"]
    if settings["format"] == NONE:
        return []
    shared = {k: v for k, v in settings.items() if k not in ("further_annotators", "merge_iou")}
    return [shared, *({**shared, **further} for further in settings["further_annotators"])]


def annotators_with_paths(config: Config) -> list[Config]:
    """Return the annotators with the paths of their files joined with `data_root`."""
    root = Path(config["data_root"])
    return [
        {**own, "files": [str(root / name) for name in own["files"]]} for own in annotators(config)
    ]


def check(config: Config, source: str) -> None:
    """Refuse annotation settings that lack what their format needs or repeat what it has."""
    names = [settings["annotator"] for settings in annotators(config)]
    for settings in annotators(config):
        where = f"{source}: annotations of {settings['annotator']}"
        kind, column = settings["format"], settings["label_column"]
        given = settings["label"] is not None or column is not None
        if len(names) > 1 and settings["annotator"] in ("the model", "the truth"):
            raise StudyError(
                f"{where} have a name that metrics/human_model.tsv uses itself; rename them."
            )
        if names.count(settings["annotator"]) > 1:
            raise StudyError(f"{where} appear twice; give each annotator a different name.")
        if kind == "sheet" and (column is None or settings["files"]):
            raise StudyError(
                f"{where} have the format sheet, which takes the class from the column "
                "annotations.label_column of the sample sheet and has no files; set the one and "
                "leave the other out."
            )
        if kind != "sheet" and not settings["files"]:
            raise StudyError(f"{where} name no files; give them in annotations.files.")
        if kind in ("masks", "object_masks") and not given:
            raise StudyError(
                f"{where} are masks, which hold no class; give annotations.label, or the column of "
                "the sample sheet that has it in annotations.label_column."
            )
        if settings["label"] is not None and column is not None:
            raise StudyError(
                f"{where} have both label and label_column; the class comes from one of them."
            )
        if given and kind not in ("masks", "object_masks", "csv", "sheet"):
            raise StudyError(
                f"{where} have the format {kind}, which holds the classes itself; leave out label "
                "and label_column."
            )
        for name in set(settings["ignore"]) & set(settings["rename"]):
            raise StudyError(f"{where} both ignore and rename {name!r}; do one of them.")
        for written, meant in settings["rename"].items():
            check_known(
                meant, config["classes"], f"{source}: annotations.rename/{written}", "classes"
            )
        if settings["label"] is not None:
            label = settings["rename"].get(settings["label"], settings["label"])
            check_known(label, config["classes"], f"{source}: annotations.label", "classes")


def check_sheet(config: Config, fields: pd.DataFrame) -> None:
    """Raise a StudyError when the sheet lacks a column of classes or has NA in it."""
    for settings in annotators(config):
        column = settings["label_column"]
        if column is not None and column not in fields:
            raise StudyError(
                f"annotations.label_column is {column!r}, which is not a column of "
                f"{config['fields']}; those are {', '.join(fields.columns)}."
            )
        if column is not None and (fields[column] == "NA").any():
            raise StudyError(
                f"{config['fields']} has NA in the column {column} (annotations.label_column), "
                "which the result tables use for missing values; leave it empty for fields without "
                "a class, or write another word."
            )
