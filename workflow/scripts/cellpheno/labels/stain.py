"""Measure the brightness of candidates in a channel's raw camera counts (L11, L12).

Converted images are no substitute: they are rescaled to 8 bits, usually each field by itself.
"""

import dataclasses
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.annotations.formats import object_masks
from cellpheno.annotations.regions import FieldNames
from cellpheno.core.errors import StudyError
from cellpheno.images.quality.histogram import histogram
from cellpheno.images.reading import readers
from cellpheno.tables import storage
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.labels import FLUORESCENCE

Array = npt.NDArray[np.float64]
Pixels = npt.NDArray[Any]
Rows = Iterable[Mapping[str, str]]

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to measure: the config's section `labels`.

    The background is `none`, or the `median` or `percentile` (in percent) of all pixels of a field.
    """

    channel: str
    background: str
    background_percentile: float


def measure(
    rows: Rows,
    candidates: pd.DataFrame,
    settings: Settings,
    image_files: Mapping[str, Any],
    masks: Mapping[str, Sequence[Path]] | None = None,
    kind: str = "masks",
) -> pd.DataFrame:
    """Measure the candidates (field and box) of some fields, one field in memory at a time.

    Fields without candidates are not opened. With `masks`, files of each field of the kind `masks`
    or `object_masks`, the mean is over the pixels of each object, else over its box. Returns
    tables.FLUORESCENCE in the order of the rows of the sample sheet, then of the candidates.

    Raises
    ------
    StudyError
        When a file cannot be read, or an object has no mask.
    """
    of_field = dict(list(candidates.groupby("field")))
    parts = []
    for row in rows:
        if row["field"] not in of_field:
            continue
        mine = of_field[row["field"]]
        image = readers.read_field(row, [settings.channel], image_files).channels[settings.channel]
        if masks is None:
            inside: Iterable[Pixels] = boxed(image, mine[BOX_COLUMNS].to_numpy(np.float64))
        else:
            inside = _masked(image, mine, masks.get(row["field"], []), kind)
        counts = np.array([[values.mean(dtype=np.float64), values.size] for values in inside])
        below = background(image, settings.background, settings.background_percentile)
        parts.append(
            mine[["field", *BOX_COLUMNS]].assign(
                mean=counts[:, 0],
                background=below,
                value=counts[:, 0] - below,
                n_pixels=counts[:, 1].astype(np.int64),
            )
        )
    return storage.concatenate(parts, FLUORESCENCE).reset_index(drop=True)


def boxed(image: Pixels, boxes: Array) -> Iterator[Pixels]:
    """Yield the pixels [height, width] of each box [n, 4], partly covered ones included."""
    height, width = image.shape
    starts = np.clip(np.floor(boxes[:, :2]), 0, [width - 1, height - 1]).astype(int)
    ends = np.clip(np.ceil(boxes[:, 2:]), starts + 1, [width, height]).astype(int)
    for (left, top), (right, bottom) in zip(starts, ends, strict=True):
        yield image[top:bottom, left:right]


def background(image: Pixels, rule: str, percentile: float) -> float:
    """Return the counts to subtract from each mean of a field: 0, or a percentile of its pixels."""
    if rule == "none":
        return 0.0
    return float(histogram(image).percentile(50.0 if rule == "median" else percentile))


def _masked(image: Pixels, objects: pd.DataFrame, files: Sequence[Path], kind: str) -> list[Pixels]:
    """Return the pixels of each object, whose mask has the same box and area."""
    found: dict[tuple[float, ...], Pixels] = {}
    for path in files:
        for box, inside in object_masks.instances(path, kind):
            left, top, right, bottom = map(int, box)
            if bottom > image.shape[0] or right > image.shape[1]:
                raise StudyError(f"{path} is larger than its field; give masks of the same size.")
            found[*box, float(inside.sum())] = image[top:bottom, left:right][inside]
    wanted = objects[[*BOX_COLUMNS, "area"]].to_numpy(np.float64)
    pixels = []
    for row in wanted.tolist():
        values = found.get(tuple(row))
        if values is None:
            raise StudyError(
                f"The object {row[:4]} of the field {objects['field'].iloc[0]} is in none "
                "of its masks; delete annotations/objects.parquet of the study and run the "
                "workflow again."
            )
        pixels.append(values)
    return pixels


def masks_of(
    rows: Sequence[Mapping[str, str]],
    files: Sequence[str],
    settings: Mapping[str, Any],
    channels: Sequence[str],
) -> dict[str, list[Path]]:
    """Return the mask files of each field (see `object_masks.files_of_fields`)."""
    return object_masks.files_of_fields(files, settings, FieldNames(rows, channels))
