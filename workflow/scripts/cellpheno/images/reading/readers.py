"""Read the channels of a field of view in the bit depth of its files.

The suffix decides how a file is read; another format is one more entry in `OPENERS`.
"""

import contextlib
import dataclasses
import hashlib
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np

from cellpheno.core.errors import StudyError
from cellpheno.images.quality.histogram import Channel
from cellpheno.images.reading import bioio_formats, pictures, tiff
from cellpheno.images.reading.planes import Pixels, Planes, arranged, chosen, focused
from cellpheno.study.inputs import COLOURS, colours_of_one_file

OPENERS: dict[str, Callable[[Path, Any], contextlib.AbstractContextManager[Planes]]] = {
    ".tif": tiff.opened,
    ".tiff": tiff.opened,
    ".png": pictures.opened,
    ".jpg": pictures.opened,
    ".jpeg": pictures.opened,
    ".bmp": pictures.opened,
    ".nd2": bioio_formats.nd2,
    ".zarr": bioio_formats.ome_zarr,
    ".czi": bioio_formats.czi,
}
"""Suffix to the function that opens a path and its handle (None for a folder)."""


@dataclasses.dataclass(frozen=True)
class RawField:
    """A field of view as stored in its files."""

    channels: dict[str, Channel]
    """Channel to [height, width], uint8, uint16 or float32."""
    content: str
    """Hash of the channels' pixels, whatever the files."""
    pixel_size_um: float
    """Side of a pixel in µm, NaN if unknown or contradictory."""
    faults: tuple[str, ...]
    """Faults of the files' metadata; the pixels are intact."""
    photograph: frozenset[str] = frozenset()
    """Channels that are red, green and blue of one file with 8 bits each, unless it is grey."""


def read_field(
    row: Mapping[str, str], channels: Sequence[str], settings: Mapping[str, Any]
) -> RawField:
    """Read the channels of one row of the sample sheet; each file is opened once.

    `settings` is the config's section `image_files`, with defaults for what is missing. A channel
    named red, green or blue is that colour of its file; a grey file may be all three.

    Raises a StudyError when a file is missing, damaged, of an unknown format or unclear about its
    channels, or two channels are the same plane of a file.
    """
    wanted, z_stack = settings.get("planes", {}), settings.get("z_stack", "refuse")
    one_file = set(colours_of_one_file(row)) == set(COLOURS)
    sizes: list[float] = []
    found: dict[str, Channel] = {}
    faults: list[str] = []
    photograph: frozenset[str] = frozenset()
    for path in dict.fromkeys(row[name] for name in channels):
        names = [name for name in channels if row[name] == path]
        with _opened(Path(path)) as opened:
            planes = arranged(opened, {wanted[name] for name in names if name in wanted}, z_stack)
            sizes.append(planes.pixel_size_um)
            faults += [f"{path}: {fault}" for fault in planes.faults]
            taken: dict[tuple[int, ...], str] = {}
            for name in names:
                implied = name if name in COLOURS and name in planes.names else None
                numbers = chosen(planes, wanted.get(name, implied), name)
                may_be_grey = one_file and name in COLOURS and name not in wanted
                if numbers in taken and not may_be_grey:
                    raise StudyError(
                        f"{path} gives the same plane as the channels {taken[numbers]} and {name}; "
                        "correct image_files.planes or the sample sheet."
                    )
                taken[numbers] = name
                found[name] = _channel(planes, numbers, z_stack)
            photograph |= _photograph(planes, taken, found)
    return RawField(
        channels={name: found[name] for name in channels},
        content=_fingerprint([found[name] for name in channels]),
        pixel_size_um=_agreed(sizes),
        faults=tuple(faults),
        photograph=photograph,
    )


def colours(path: Path) -> list[str]:
    """Return those of red, green and blue that show something in a picture in colour.

    There are none in a file that is grey, has other planes or cannot be read.
    """
    try:
        found = read_field(dict.fromkeys(COLOURS, str(path)), COLOURS, {}).channels
    except StudyError:
        return []
    if _grey(list(found.values())):
        return []
    return [colour for colour, pixels in found.items() if pixels.min() < pixels.max()]


def _grey(colours: Sequence[Channel]) -> bool:
    return all(np.array_equal(colours[0], other) for other in colours[1:])


def _photograph(
    planes: Planes, taken: Mapping[tuple[int, ...], str], found: Mapping[str, Channel]
) -> frozenset[str]:
    """Return the channels that are red, green and blue of a file with 8 bits, unless it is grey."""
    shown = {planes.names[numbers[0]]: name for numbers, name in taken.items() if len(numbers) == 1}
    if not shown.keys() >= set(COLOURS):
        return frozenset()
    names = [shown[colour] for colour in COLOURS]
    pixels = [found[name] for name in names]
    eight_bits = pixels[0].dtype == np.uint8
    return frozenset(names) if eight_bits and not _grey(pixels) else frozenset()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Planes]:
    """Open an image file or folder."""
    opener = OPENERS.get(path.suffix.lower())
    if opener is None:
        raise StudyError(
            f"{path} is not of a kind that can be read ({', '.join(OPENERS)}); convert it."
        )
    if path.is_dir() and path.suffix.lower() == ".zarr":
        with opener(path, None) as planes:
            yield planes
        return
    with _binary(path) as handle:
        if not os.fstat(handle.fileno()).st_size:
            raise StudyError(f"{path} is empty (0 bytes); copy it again from its source.")
        with opener(path, handle) as planes:
            yield planes


def _binary(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise StudyError(f"{path} cannot be opened: {error.strerror}.") from error


def _fingerprint(channels: Sequence[Channel]) -> str:
    digest = hashlib.sha256()
    for channel in channels:
        digest.update(f"{channel.dtype.str} {channel.shape} ".encode())
        digest.update(np.ascontiguousarray(channel).data)
    return f"sha256:{digest.hexdigest()}"


def _agreed(sizes: Sequence[float]) -> float:
    """Return the pixel size on which the files agree, or NaN."""
    known = [size for size in sizes if not math.isnan(size)]
    agree = known and max(known) - min(known) <= 0.01 * max(known)
    return known[0] if agree else math.nan


def _channel(planes: Planes, numbers: Sequence[int], z_stack: str) -> Channel:
    """Return one plane, or the luminance (ITU-R BT.601) of red, green and blue."""
    images = [
        _with_known_dtype(focused(planes, number, z_stack), planes.path) for number in numbers
    ]
    if len(images) == 1:
        return images[0]
    luminance: Any = cv2.cvtColor(np.dstack(images), cv2.COLOR_RGB2GRAY)
    return luminance


def _with_known_dtype(pixels: Pixels, path: Path) -> Channel:
    """Return the pixels as uint8, uint16 or float32 without changing values."""
    pixels = np.ascontiguousarray(pixels)
    if not pixels.dtype.isnative:
        pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype.kind == "f":
        with np.errstate(over="ignore"):
            numbers = pixels.astype(np.float32, copy=False)
        if not np.isfinite(numbers).all():
            raise StudyError(
                f"{path} holds values that are not numbers or infinite; repair or replace it."
            )
        return numbers
    if pixels.dtype.kind not in "ui":
        raise StudyError(
            f"{path} holds values of type {pixels.dtype}; save it with 8 or 16 bits per pixel."
        )
    if pixels.dtype.itemsize > 2 or pixels.dtype.kind == "i":
        low, high = int(pixels.min()), int(pixels.max())
        if low < 0 or high > np.iinfo(np.uint16).max:
            raise StudyError(
                f"{path} holds integers from {low} to {high}, but 0 to 65535 were expected; save "
                "it with 16 bits or as 32-bit floating-point numbers."
            )
    if pixels.dtype == np.uint8:
        return pixels
    return pixels.astype(np.uint16, copy=False)
