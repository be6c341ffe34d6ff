"""PNG, JPEG and BMP files."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image

from cellpheno.errors import StudyError
from cellpheno.images.planes import COLOURS, Planes, check_size, refusing

FORMATS = ("PNG", "JPEG", "MPO", "BMP", "DIB")
"""Pillow's names for the formats; MPO is a JPEG with a preview behind it."""
JPEG_END, JPEG_SCAN = b"\xff\xd9", b"\xff\xda"
PNG_START, PNG_DEPTH = 8, 24
"""Where the chunks of a PNG begin, and its byte that tells the bits of a sample."""
ORIENTATION, UPRIGHT = 0x0112, 1
"""Tag of EXIF that tells how a picture is turned, and its value for one that is not."""
DEFLATE_LIMIT = 1032
"""More bytes than this a byte of a PNG's compression cannot stand for."""


@contextlib.contextmanager
def opened(path: Path, handle: BinaryIO) -> Iterator[Planes]:
    """Open a PNG, JPEG or BMP.

    A picture in colour, also one with a palette, has the planes red, green and blue; opacity is
    passed over. Pillow reads the header, OpenCV the pixels, because it keeps 16 bits of colour.

    Raises
    ------
    StudyError
        When the file is damaged, of another format, animated or declared too large.
    """
    content = handle.read()
    _check_header(path, content)
    with refusing(path, "an image"):
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise StudyError(
            f"{path} cannot be read as an image: it is cut short, damaged or of another kind; "
            "copy it again from its source."
        )
    if pixels.ndim == 2:
        yield Planes(path, ("",), (0,), lambda plane, z: pixels)
    else:
        # OpenCV puts blue first and opacity last
        yield Planes(path, COLOURS, (0, 1, 2), lambda plane, z: pixels[:, :, 2 - plane])


def _check_header(path: Path, content: bytes) -> None:
    with refusing(path, "an image"), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content)) as picture:
            found, (width, height), bands = picture.format, picture.size, len(picture.getbands())
            animated = found == "PNG" and getattr(picture, "is_animated", False)
            jpeg = found in ("JPEG", "MPO")
            orientation = picture.getexif().get(ORIENTATION, UPRIGHT) if jpeg else UPRIGHT
    if found not in FORMATS:
        raise StudyError(
            f"{path} is a {found} file, where PNG, JPEG or BMP was expected; rename or convert it."
        )
    if animated:
        raise StudyError(f"{path} holds several images, where one was expected; save one of them.")
    if orientation != UPRIGHT:
        raise StudyError(
            f"{path} is stored turned (EXIF orientation {orientation}), which some programs undo "
            "and others do not, so that boxes drawn on it may lie elsewhere; save it upright."
        )
    check_size(path, height, width)
    if found == "PNG":
        raw = height * width * bands * content[PNG_DEPTH] // 8
        whole = raw <= DEFLATE_LIMIT * len(content) and _has_all_chunks(content)
    else:
        whole = found in ("BMP", "DIB") or content.rfind(JPEG_END) > content.rfind(JPEG_SCAN)
    if not whole:
        raise StudyError(
            f"{path} cannot be read as an image: {len(content)} bytes do not hold {width} x "
            f"{height} px; copy it again from its source."
        )


def _has_all_chunks(content: bytes) -> bool:
    """Say whether every chunk of a PNG lies in the file: OpenCV takes memory for what is told."""
    start = PNG_START
    while start + 12 <= len(content):
        kind = content[start + 4 : start + 8]
        start += 12 + int.from_bytes(content[start : start + 4], "big")
        if kind == b"IEND":
            return start <= len(content)
    return False
