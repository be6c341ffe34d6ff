"""The project file that VGG Image Annotator 2 saves, written for simulated annotations (A5)."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from cellpheno.annotations.writing import via
from cellpheno.annotations.writing.picture import Picture


def project(fields: Sequence[str], truth: pd.DataFrame, classes: Sequence[str]) -> dict[str, Any]:
    """Return a VIA 2 project: one rectangle with a class per row of the truth.

    Parameters
    ----------
    fields
        Fields that are annotated, each as an image `<field>.png`. As for images that VIA loads
        from an address, the file size is -1.
    truth
        The table `tables.TRUTH`; rows of other fields are passed over.
    classes
        Choices of the region attribute `class`.
    """
    boxes = dict(list(truth.groupby("field")))
    pictures = [
        Picture(field, width=0, height=0, size=-1, boxes=boxes.get(field, truth.iloc[:0]))
        for field in fields
    ]
    return via.project(pictures, classes, "class")
