"""Write folders that annotation tools open: 8-bit images of fields with boxes."""

import contextlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image as PillowImage

from cellpheno.annotations.writing import coco, labelme, via
from cellpheno.annotations.writing.picture import Picture
from cellpheno.core.errors import StudyError
from cellpheno.core.made_files import replaced
from cellpheno.tables.columns import BOX_COLUMNS

Image = npt.NDArray[np.uint8]
Writer = Callable[[Path, Sequence[Picture], Sequence[str], str, bool], Path]

WRITERS: dict[str, Writer] = {
    "via": lambda folder, pictures, classes, key, _: via.write(folder, pictures, classes, key),
    "labelme": lambda folder, pictures, classes, _, ordered: labelme.write(
        folder, pictures, classes, ordered
    ),
    "coco": lambda folder, pictures, classes, *_: coco.write(folder, pictures, classes),
}
"""`export.formats` to a writer, which takes a folder of images, their contents, the classes, VIA's
attribute and whether to keep the order, and returns the path to read back.
"""


def from_cells(cells: pd.DataFrame, min_score: float) -> pd.DataFrame:
    """Return CELLS with a fused score of at least `min_score` as boxes labelled by the call."""
    kept = cells[cells["score"] >= min_score].reset_index(drop=True)
    return kept.assign(label=kept["call"])[["field", *BOX_COLUMNS, "label", "score"]]


def write(
    folders: Mapping[str, str | Path],
    images: Iterable[tuple[str, Image]],
    boxes: pd.DataFrame,
    classes: Sequence[str],
    class_attribute: str,
    order: Sequence[str] | None = None,
) -> tuple[list[Picture], dict[str, Path]]:
    """Write one folder per format, with one image in memory at a time.

    `folders` are replaced unless a user has changed them. Images are uint8 [height, width, 3];
    boxes have `field`, the box, `label`, and where known `score`, `area` and `annotator`. Tools
    show the fields in `order`, by default that of the images. Returns the contents in that order,
    and the path for `annotations.files` of each format.

    Raises a StudyError when there are no images, or a file in a folder was added or changed.
    """
    of_field = dict(list(boxes.groupby("field", sort=False)))
    pictures: list[Picture] = []
    sources: dict[str, Path] = {}
    with contextlib.ExitStack() as stack:
        places = {name: stack.enter_context(replaced(each)) for name, each in folders.items()}
        for field, image in images:
            content = _png(image)
            height, width = image.shape[:2]
            part = of_field.get(field, boxes.iloc[:0])
            pictures.append(Picture(field, width, height, len(content), part))
            for place in places.values():
                (place / pictures[-1].name).write_bytes(content)
        if not pictures:
            raise StudyError(
                "There is no field to export: none of the splits in export.splits has a usable "
                "field, or, with export.source: annotations, an annotated one; name other splits."
            )
        if order is not None:
            rank = {field: place for place, field in enumerate(order)}
            pictures.sort(key=lambda picture: rank[picture.field])
        for name, place in places.items():
            ordered = order is not None
            source = WRITERS[name](place, pictures, classes, class_attribute, ordered)
            sources[name] = Path(folders[name]) / source.relative_to(place)
    return pictures, sources


def _png(image: Image) -> bytes:
    buffer = io.BytesIO()
    PillowImage.fromarray(np.ascontiguousarray(image)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
