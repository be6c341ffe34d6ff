"""Read PNG, JPEG and BMP files."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from cellpheno.core.errors import StudyError
from cellpheno.images.reading import picture_metadata
from cellpheno.images.reading.picture_metadata import JPEG_SCAN
from cellpheno.images.reading.planes import COLOURS, Planes, check_size, refusing

FORMATS = ("PNG", "JPEG", "MPO", "BMP", "DIB")
"""Pillow's names for the formats; MPO is a JPEG followed by a preview."""
JPEG_END = b"\xff\xd9"
PNG_DEPTH = 24
"""Position of the byte of a PNG that contains the bits per sample."""
DEFLATE_LIMIT = 1032
"""Most bytes that one byte of a PNG's compression can expand to."""


@contextlib.contextmanager
def opened(path: Path, handle: BinaryIO) -> Iterator[Planes]:
    """Open a PNG, JPEG or BMP.

    A colour picture, even with a palette, has the planes red, green and blue; opacity is ignored.
    Pillow reads the header and OpenCV the pixels, because it keeps 16 bits of colour.

    Raises a StudyError when the file is damaged, of another format, animated, stored turned or
    declared too large, but not when its metadata is damaged.
    """
    whole = handle.read()
    content = picture_metadata.without(whole)
    _check_header(path, content)
    faults = picture_metadata.check(path, whole)
    with refusing(path, "an image"):
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise StudyError(
            f"{path} cannot be read as an image: it is cut short, damaged or of another kind; "
            "copy it again from its source."
        )
    if pixels.ndim == 2:
        yield Planes(path, ("",), (0,), lambda plane, z: pixels, faults=faults)
    else:
        # OpenCV's order is blue, green, red and opacity
        yield Planes(
            path, COLOURS, (0, 1, 2), lambda plane, z: pixels[:, :, 2 - plane], faults=faults
        )


def _check_header(path: Path, content: bytes) -> None:
    with refusing(path, "an image"), picture_metadata.opened(io.BytesIO(content)) as picture:
        found, (width, height), bands = picture.format, picture.size, len(picture.getbands())
        animated = found == "PNG" and getattr(picture, "is_animated", False)
    if found not in FORMATS:
        raise StudyError(
            f"{path} is a {found} file, where PNG, JPEG or BMP was expected; rename or convert it."
        )
    if animated:
        raise StudyError(f"{path} holds several images, where one was expected; save one of them.")
    check_size(path, height, width)
    if found == "PNG":
        raw = height * width * bands * content[PNG_DEPTH] // 8
        whole = raw <= DEFLATE_LIMIT * len(content) and picture_metadata.has_all_chunks(content)
    else:
        whole = found in ("BMP", "DIB") or content.rfind(JPEG_END) > content.rfind(JPEG_SCAN)
    if not whole:
        raise StudyError(
            f"{path} cannot be read as an image: {len(content)} bytes do not hold {width} x "
            f"{height} px; copy it again from its source."
        )
