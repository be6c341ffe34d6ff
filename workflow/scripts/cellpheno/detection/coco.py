"""Write and read the tiles as a COCO data set, which any detection tool reads.

A folder with `images/` (PNG for three channels, else TIFF with a page for each channel) and a JSON
file for each split. All cells have the category `cell` (A5); each annotation also carries the
annotated `class`, each image its field and its place there.
"""

import dataclasses
import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image as PillowImage
from PIL import ImageSequence

from cellpheno.core.errors import StudyError
from cellpheno.core.files import whole_folder
from cellpheno.core.progress import track
from cellpheno.detection.tiles import Image, Settings, Tile, cut
from cellpheno.tables.columns import BOX_COLUMNS

SPLITS = ("train", "val", "test")
CATEGORY = {"id": 1, "name": "cell", "supercategory": "cell"}


@dataclasses.dataclass(frozen=True)
class TileSet:
    """The tiles of one split in memory."""

    names: list[str]
    images: list[Image]
    """uint8 [height, width, channels]."""
    boxes: list[npt.NDArray[np.float32]]
    """[n, 4] px of the tile; n may be 0."""

    def __len__(self) -> int:
        return len(self.images)


def write(
    folder: str | Path,
    fields: Iterable[tuple[str, Image]],
    annotated: pd.DataFrame,
    splits: pd.DataFrame,
    settings: Settings,
) -> None:
    """Cut the annotated fields, uint8 [height, width, channels], and write a COCO data set.

    It replaces the folder. `fields` may include fields of no annotated split, which are skipped;
    for the other arguments see `tiles.cut`.

    Raises
    ------
    StudyError
        When the image of an annotated field is not among `fields`.
    """
    chosen = splits.loc[splits["split"].isin(SPLITS)]
    split_of = dict(zip(chosen["field"], chosen["split"], strict=True))
    boxes_of = dict(list(annotated.groupby("field", sort=False)))
    entries: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    found: set[str] = set()
    with whole_folder(folder) as temporary:
        (temporary / "images").mkdir()
        wanted = ((name, image) for name, image in fields if name in split_of)
        for name, image in track(wanted, "fields cut", total=len(split_of)):
            found.add(name)
            field_boxes = boxes_of.get(name, annotated.iloc[:0])
            corners = field_boxes[BOX_COLUMNS].to_numpy(np.float64)
            labels = field_boxes["label"].tolist()
            for tile in cut(image, corners, settings):
                entry = _entry(name, tile, labels)
                entries[split_of[name]].append(entry)
                _save(tile.image, temporary / "images" / entry["image"]["file_name"])
        _check_complete(split_of, found)
        for split, own in entries.items():
            own.sort(key=lambda entry: entry["image"]["file_name"])
            content = json.dumps(_document(own, split), indent=1)
            (temporary / f"{split}.json").write_text(content)


def _save(image: Image, path: Path) -> None:
    if path.suffix == ".png":
        PillowImage.fromarray(np.ascontiguousarray(image)).save(path, compress_level=1)
        return
    first, *others = (
        PillowImage.fromarray(np.ascontiguousarray(image[:, :, plane]))
        for plane in range(image.shape[2])
    )
    first.save(path, compression="tiff_adobe_deflate", save_all=True, append_images=others)


def _open(path: Path) -> Image:
    with PillowImage.open(path) as file:
        if path.suffix == ".png":
            return np.asarray(file.convert("RGB"))
        return np.stack([np.asarray(page) for page in ImageSequence.Iterator(file)], axis=-1)


def _check_complete(split_of: dict[str, str], found: set[str]) -> None:
    missing = sorted(set(split_of) - found)
    if missing:
        raise StudyError(
            f"The annotated field {missing[0]} (and {len(missing) - 1} more) is not among the "
            "converted fields; it must be in the sample sheet and pass quality control."
        )


def _entry(field: str, tile: Tile, labels: list[str]) -> dict[str, Any]:
    """Return the COCO entries of a tile and its cells, without numbers."""
    height, width, planes = tile.image.shape
    cells = []
    for (x_min, y_min, x_max, y_max), cell in zip(tile.boxes.tolist(), tile.cells, strict=True):
        box = [x_min, y_min, x_max - x_min, y_max - y_min]
        cells.append({"bbox": box, "area": box[2] * box[3], "class": labels[cell]})
    image = {
        "file_name": f"{field}_{tile.row}_{tile.column}.{'png' if planes == 3 else 'tif'}",
        "height": height,
        "width": width,
        "field": field,
        "field_x": tile.x,
        "field_y": tile.y,
    }
    return {"image": image, "cells": cells}


def _document(entries: list[dict[str, Any]], split: str) -> dict[str, Any]:
    """Return the COCO document of one split, numbered in the order of the entries."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, entry in enumerate(entries, start=1):
        images.append({"id": image_id, **entry["image"]})
        for cell in entry["cells"]:
            place = {"id": len(annotations) + 1, "image_id": image_id}
            annotations.append({**place, "category_id": CATEGORY["id"], "iscrowd": 0, **cell})
    return {
        "info": {"description": f"cell tiles, {split}"},
        "licenses": [],
        "categories": [CATEGORY],
        "images": images,
        "annotations": annotations,
    }


def read(folder: str | Path, split: str, classes: Collection[str] | None = None) -> TileSet:
    """Read one split of a data set into memory.

    Only cells of `classes` count (C16); None counts all. Raises StudyError if the JSON file is
    damaged.
    """
    folder = Path(folder)
    path = folder / f"{split}.json"
    try:
        document = json.loads(path.read_text())
    except ValueError as error:
        raise StudyError(
            f"{path} is cut short or damaged; delete {folder} and run the workflow again."
        ) from error
    boxes_of: dict[int, list[Sequence[float]]] = {each["id"]: [] for each in document["images"]}
    for annotation in document["annotations"]:
        if classes is not None and annotation["class"] not in classes:
            continue
        boxes_of[annotation["image_id"]].append(annotation["bbox"])
    names, images, boxes = [], [], []
    for entry in document["images"]:
        images.append(_open(folder / "images" / entry["file_name"]))
        corners = np.array(boxes_of[entry["id"]], dtype=np.float64).reshape(-1, 4)
        corners[:, 2:] += corners[:, :2]
        names.append(entry["file_name"])
        boxes.append(corners.astype(np.float32))
    return TileSet(names, images, boxes)


def files(folder: str | Path) -> list[Path]:
    """Return every file of a data set that training reads, in a fixed order."""
    folder = Path(folder)
    return [*sorted(folder.glob("*.json")), *sorted(folder.glob("images/*.*"))]
