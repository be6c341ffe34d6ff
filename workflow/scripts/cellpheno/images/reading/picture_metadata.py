"""Separate the metadata of PNG and JPEG files from the pixels.

Libraries refuse a whole file for some damage in a text, colour profile or EXIF block, so the pixels
are read from a copy without them.
"""

import contextlib
import io
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from cellpheno.images.reading.planes import refuse_turned

ORIENTATION = 0x0112
"""EXIF tag of the orientation."""
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
PNG_PIXELS = (b"tRNS", b"acTL", b"fcTL", b"fdAT")
"""Optional chunks that affect the pixels."""
PNG_EXIF = (b"eXIf", b"tEXt", b"zTXt", b"iTXt")
JPEG_EXIF = b"\xff\xe1"
JPEG_METADATA = (b"\xff\xfe", *(bytes((0xFF, 0xE0 + n)) for n in range(1, 16) if n != 14))
"""Comments and application segments except JFIF (0) and Adobe (14), which define colours."""
JPEG_SCAN = b"\xff\xda"


def without(content: bytes) -> bytes:
    """Return a PNG or JPEG without its metadata, and other content unchanged."""
    return b"".join(part for kind, part in _parts(content) if not _is_metadata(kind))


def check(path: Path, content: bytes) -> tuple[str, ...]:
    """Return the faults of a picture's metadata, in a few words each.

    Raises a StudyError when EXIF or XMP says that the picture is stored turned.
    """
    parts = _parts(content)
    faults = tuple(
        f"its block {kind.decode('ascii', 'replace')} is damaged"
        for kind, part in parts
        if len(kind) == 4 and zlib.crc32(part[4:-4]) != int.from_bytes(part[-4:], "big")
    )
    exif = [part for kind, part in parts if kind == JPEG_EXIF or kind in PNG_EXIF]
    if faults or not exif:
        return faults
    pixels = [part for kind, part in parts if not _is_metadata(kind)]
    # Pillow would not reach an EXIF block behind the pixels
    picture = b"".join([*pixels[:2], *exif, *pixels[2:]])
    try:
        with opened(io.BytesIO(picture)) as image:
            # getexif of PngImageFile decodes the pixels first
            orientation = Image.Image.getexif(image).get(ORIENTATION)
    except Exception:  # Pillow raises all kinds of errors
        return ("its EXIF data are damaged",)
    refuse_turned(path, orientation)
    return ()


@contextlib.contextmanager
def opened(handle: io.BytesIO, formats: tuple[str, ...] | None = None) -> Iterator[Image.Image]:
    """Open a picture with Pillow; the caller checks its size."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(handle, formats=formats) as image:
            yield image


def has_all_chunks(content: bytes) -> bool:
    """Return whether a PNG is complete: OpenCV allocates the declared size."""
    return any(kind == b"IEND" for kind, _ in _parts(content))


def _is_metadata(kind: bytes) -> bool:
    if len(kind) == 4:
        return kind[:1].islower() and kind not in PNG_PIXELS
    return kind in JPEG_METADATA


def _parts(content: bytes) -> list[tuple[bytes, bytes]]:
    """Return the chunks of a PNG or the segments of a JPEG by kind, and last the rest."""
    if content.startswith(PNG):
        return list(_chunks(content))
    if content.startswith(JPEG):
        return list(_segments(content))
    return [(b"", content)]


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = len(PNG)
    yield b"", content[:start]
    while start + 12 <= len(content):
        kind = content[start + 4 : start + 8]
        end = start + 12 + int.from_bytes(content[start : start + 4], "big")
        if end > len(content):
            break
        yield kind, content[start:end]
        start = end
        if kind == b"IEND":
            return
    yield b"", content[start:]


def _segments(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = len(JPEG)
    yield b"", content[:start]
    while content[start : start + 1] == b"\xff" and content[start : start + 2] != JPEG_SCAN:
        kind, size = content[start : start + 2], content[start + 2 : start + 4]
        end = start + 2 + int.from_bytes(size, "big")
        if kind == b"\xff\xff":  # padding
            end = start + 1
        elif len(size) < 2 or end > len(content) or end < start + 4:
            break
        yield kind, content[start:end]
        start = end
    yield b"", content[start:]
