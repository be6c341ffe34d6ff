"""Paint boxes, labels and counts into a field of full size, pixel by pixel (A45 to A47)."""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from cellpheno.figures.style import ink_on

Picture = npt.NDArray[np.uint8]
Place = tuple[float, float, float, float]
"""x_min, y_min, x_max, y_max in pixels, half-open."""

LABEL_SHARE = 0.26
"""Height of a label's letters, as a share of the median side of a box."""
SMALLEST, LARGEST = 9, 40
"""Limits of the height of a label's letters, px."""
ROOMY = 4.0
"""Boxes this many times larger than their label have it inside, others outside (A47)."""
HEADER_GREY = (128, 128, 128)
HEADER_LETTERS = 40
"""Width of the field over the height of the header's letters."""


def draw_boxes(
    image: Picture, boxes: npt.NDArray[np.float64], colours: Sequence[str], texts: Sequence[str]
) -> Picture:
    """Return a field [height, width, 3] with a coloured box and a label for every cell.

    Boxes [n, 4] are in pixels, half-open; the largest are drawn first, labels above all of them. A
    label covers no other one if there is such a place in its box or next to it.
    """
    picture = Image.fromarray(image)
    if not len(boxes):
        return np.array(picture)
    draw = ImageDraw.Draw(picture)
    sides = boxes[:, 2:] - boxes[:, :2]
    order = np.argsort(-sides.prod(axis=1), kind="stable")
    line = max(2, round(min(image.shape[:2]) / 540))
    for row in order:
        x_min, y_min, x_max, y_max = np.rint(boxes[row]).astype(int)
        corners = (x_min, y_min, max(x_min, x_max - 1), max(y_min, y_max - 1))
        draw.rectangle(corners, outline=colours[row], width=line)
    usual = np.median(np.sqrt(sides.prod(axis=1)))
    letters = float(np.clip(LABEL_SHARE * usual, SMALLEST, LARGEST))
    places = place_labels(boxes[order], [label_size(texts[row], letters) for row in order], image)
    for row, place in zip(order, places, strict=True):
        _draw_chip(draw, place, texts[row], colours[row], letters)
    return np.array(picture)


def place_labels(
    boxes: npt.NDArray[np.float64], sizes: Sequence[tuple[float, float]], image: Picture
) -> list[Place]:
    """Return a place inside the image for the label of each box [n, 4]; earlier boxes choose first.

    `sizes` are widths and heights of the labels, px.
    """
    height, width = image.shape[:2]
    taken = np.empty((len(boxes), 4))
    for row, (box, size) in enumerate(zip(boxes, sizes, strict=True)):
        choices = [_inside(place, width, height) for place in _choices(box, size)]
        free = (place for place in choices if not _covers_any(place, taken[:row]))
        taken[row] = next(free, choices[0])
    return [(left, top, right, bottom) for left, top, right, bottom in taken.tolist()]


def _choices(box: npt.NDArray[np.float64], size: tuple[float, float]) -> Iterator[Place]:
    """Yield the places for a label, best first: in a large box, below a small one (A47)."""
    x_min, y_min, x_max, y_max = box.tolist()
    wide, high = size
    within = [(x_min, y_min), (x_min, y_max - high), (x_max - wide, y_min)]
    outside = [(x_min, y_max), (x_min, y_min - high), (x_max, y_min), (x_min - wide, y_min)]
    roomy = (x_max - x_min) * (y_max - y_min) >= ROOMY * wide * high
    for left, top in within + outside if roomy else outside + within:
        yield (left, top, left + wide, top + high)


def _inside(place: Place, width: int, height: int) -> Place:
    wide, high = place[2] - place[0], place[3] - place[1]
    left = max(0.0, min(place[0], width - wide))
    top = max(0.0, min(place[1], height - high))
    return (left, top, left + wide, top + high)


def _covers_any(place: Place, taken: npt.NDArray[np.float64]) -> bool:
    apart = (taken[:, 0] >= place[2]) | (taken[:, 2] <= place[0])
    apart |= (taken[:, 1] >= place[3]) | (taken[:, 3] <= place[1])
    return bool((~apart).any())


def header(width: int, entries: Sequence[tuple[str, str]]) -> Picture:
    """Return a grey band [height, width, 3] with each text on its colour, in lines (A46).

    `entries` are texts and colours, `width` is that of the field, px.
    """
    letters = max(14.0, width / HEADER_LETTERS)
    widest = max((label_size(text, letters)[0] for text, _ in entries), default=0.0)
    letters = max(SMALLEST / 2, letters * min(1.0, 0.95 * width / (widest + letters)))
    gap = letters / 2
    places: list[Place] = []
    left = top = gap
    for text, _ in entries:
        wide, high = label_size(text, letters)
        if places and left + wide + gap > width:
            left, top = gap, top + high + gap
        places.append((left, top, left + wide, top + high))
        left += wide + gap
    bottom = max((place[3] for place in places), default=0.0)
    picture = Image.new("RGB", (width, round(bottom + gap)), HEADER_GREY)
    draw = ImageDraw.Draw(picture)
    for (text, colour), place in zip(entries, places, strict=True):
        _draw_chip(draw, place, text, colour, letters)
    return np.array(picture)


def _draw_chip(
    draw: ImageDraw.ImageDraw, place: Place, text: str, colour: str, letters: float
) -> None:
    draw.rectangle((place[0], place[1], place[2] - 1, place[3] - 1), fill=colour)
    middle = ((place[0] + place[2]) / 2, (place[1] + place[3]) / 2)
    draw.text(middle, text, fill=ink_on(colour), font=_font(letters), anchor="mm")


def label_size(text: str, letters: float) -> tuple[float, float]:
    """Return width and height of a text with its background, px, for letters of this size."""
    return round(_font(letters).getlength(text) + 0.5 * letters), round(1.25 * letters)


@functools.cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    # comes with matplotlib, so it is the same on every machine
    path = Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans-Bold.ttf"
    return ImageFont.truetype(path, size)
