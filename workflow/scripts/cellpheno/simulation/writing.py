"""What a simulated annotator has drawn, in the files of an annotation tool (A5, C11)."""

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
    """Write the annotations of some fields, those without cells too.

    Parameters
    ----------
    path
        A project file (via) or a folder of XML files (voc), replaced when it is there.
    annotation_format
        `via`: as for images that VIA loads from an address, named `<field>.png`, the file size is
        -1; or `voc`.
    fields
        Those that were gone through.
    drawn
        Boxes like tables.TRUTH; rows of other fields are passed over.
    classes
        Choices of VIA's region attribute `class`.
    height, width
        Of the fields, px.
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
