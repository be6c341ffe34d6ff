"""Write the boxes of a simulated annotator in an annotation tool's format (A5, C11)."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cellpheno.annotations.writing import via, voc
from cellpheno.annotations.writing.picture import Picture
from cellpheno.core.files import whole, whole_folder


def write(
    path: str | Path,
    annotation_format: str,
    fields: Sequence[str],
    drawn: pd.DataFrame,
    classes: Sequence[str],
    height: int,
    width: int,
) -> None:
    """Write the annotations of `fields` of this size (px), with or without cells.

    The format `via` writes a project file, with the file size -1 as for images that VIA loads
    from an address, and `voc` a folder of XML files. `drawn` has boxes like TRUTH.
    """
    boxes = dict(list(drawn.groupby("field")))
    pictures = [
        Picture(field, width, height, size=-1, boxes=boxes.get(field, drawn.iloc[:0]))
        for field in fields
    ]
    if annotation_format == "voc":
        with whole_folder(path) as temporary:
            voc.write(temporary, pictures)
        return
    with whole(path) as temporary:
        content = via.project(pictures, classes, "class")
        temporary.write_text(json.dumps(content, indent=1) + "\n")
