"""Checks of a study's annotations before any job, which read no more of them than they must."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from cellpheno.annotations import listing
from cellpheno.study import annotations, sample_sheet


def check(
    config: dict[str, Any], annotators: Sequence[listing.Settings], fields: pd.DataFrame
) -> None:
    """Refuse annotations that are images of the sheet, or that lack a class of the config.

    A simulated study makes its annotations itself, and another one may have none.

    Parameters
    ----------
    config
        Complete, as `configuration.complete` returns it.
    annotators
        As `study.annotations.annotators_with_paths` returns them.
    fields
        The sample sheet.

    Raises a StudyError for the first file that is an image or cannot be read, and the first missing
    class.
    """
    if "simulation" in config or not annotators:
        return
    written = {str(name): values.tolist() for name, values in fields.items()}
    images = {name: written[name] for name in ("field", *config["channels"])}
    for settings in annotators:
        listing.check_apart(settings["files"], settings, images)
    annotated: set[str] = set()
    for settings in annotators:
        for labels in listing.labels(settings["files"], settings, written):
            annotated |= labels
            if annotated >= set(config["classes"]):
                return
    files = [name for own in annotations.annotators(config) for name in own["files"]]
    sample_sheet.check_classes(config["classes"], annotated, files or [config["fields"]])
