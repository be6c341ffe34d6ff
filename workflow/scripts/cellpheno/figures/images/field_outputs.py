"""Write the published tool's outputs for every field, without its flaws (A44 to A48)."""

import collections
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from cellpheno.figures import painting
from cellpheno.figures.annotations.annotated_fields import score_label
from cellpheno.figures.style import Palette
from cellpheno.images.crops import windows
from cellpheno.tables.columns import BOX_COLUMNS

Picture = npt.NDArray[np.uint8]

DETECTED = "#FF00FF"
"""Magenta (A45)."""
LONGEST_NAME = 60
"""Most letters of a class in its folder's name."""


def write(
    folder: Path,
    image: Picture,
    detections: pd.DataFrame,
    cells: pd.DataFrame,
    palette: Palette,
    margin: float,
) -> None:
    """Write the pictures and the crops of one field into a new folder.

    `original.png`; `detections.png`, all proposed boxes with the detector's score;
    `prediction.png`, all called cells below the number of each class; `mask.png`, black except for
    the cells called a positive class; `crops/<class>/<score>_<y_min>_<x_min>.png`, with the
    probability of the call and the corner of the crop. `margin` is the share of a box's width and
    height that a crop adds on every side (A25).
    """
    folder.mkdir()
    save(folder / "original.png", image)
    scores = list(map(score_label, detections["score"]))
    boxes = detections[BOX_COLUMNS].to_numpy(np.float64)
    detected = painting.draw_boxes(image, boxes, [DETECTED] * len(boxes), scores)
    save(folder / "detections.png", detected)
    save(folder / "prediction.png", prediction(image, cells, palette))
    areas = windows(cells[BOX_COLUMNS].to_numpy(np.float64), margin, *image.shape[:2])
    save(folder / "mask.png", mask(image, areas[cells["call"].isin(palette.positives)]))
    for name, area in zip(crop_names(cells, areas, palette), areas, strict=True):
        x_min, y_min, x_max, y_max = area
        path = folder / "crops" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, image[y_min:y_max, x_min:x_max])


def prediction(image: Picture, cells: pd.DataFrame, palette: Palette) -> Picture:
    """Return a field with its called cells, under a header with the number of each class."""
    drawn = painting.draw_boxes(
        image,
        cells[BOX_COLUMNS].to_numpy(np.float64),
        [palette[name] for name in cells["call"]],
        list(map(score_label, cells["score"])),
    )
    numbers = cells["call"].value_counts()
    entries = [(f"{name}: {numbers.get(name, 0)}", palette[name]) for name in palette.classes]
    return np.vstack([painting.header(image.shape[1], entries), drawn])


def mask(image: Picture, areas: npt.NDArray[np.int64]) -> Picture:
    """Return the image, black outside the areas [n, 4] (x_min, y_min, x_max, y_max, half-open)."""
    kept = np.zeros_like(image)
    for x_min, y_min, x_max, y_max in areas:
        kept[y_min:y_max, x_min:x_max] = image[y_min:y_max, x_min:x_max]
    return kept


def crop_names(cells: pd.DataFrame, areas: npt.NDArray[np.int64], palette: Palette) -> list[str]:
    """Return the path of each cell's crop: class, probability of that class, and corner.

    A number after the name distinguishes cells of equal class, score and corner.
    """
    folders = folder_names(palette.classes)
    seen: collections.Counter[str] = collections.Counter()
    names = []
    for call, score, area in zip(cells["call"], cells["cls_score"], areas, strict=True):
        name = f"{folders[call]}/{score:.2f}_{area[1]}_{area[0]}"
        seen[name] += 1
        names.append(f"{name}_{seen[name]}.png" if seen[name] > 1 else f"{name}.png")
    return names


def folder_names(classes: Sequence[str]) -> dict[str, str]:
    """Return a different folder name for each class, safe on every disk."""
    names: dict[str, str] = {}
    for name in classes:
        # names that start with a dot have another meaning on disks
        safe = re.sub(r"[^A-Za-z0-9.+-]+", "_", name).lstrip(".")[:LONGEST_NAME] or "class"
        # some disks ignore the case of letters
        taken = {other.casefold() for other in names.values()}
        numbered = (f"{safe}_{number}" for number in range(2, len(classes) + 2))
        free = (one for one in (safe, *numbered) if one.casefold() not in taken)
        names[name] = next(free)
    return names


def save(path: Path, picture: Picture) -> None:
    """Write a picture [height, width, 3] as PNG, at level 1, which takes a fifth of the time."""
    Image.fromarray(np.ascontiguousarray(picture)).save(path, compress_level=1)
