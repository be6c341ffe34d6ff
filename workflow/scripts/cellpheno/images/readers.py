"""One channel of a field of view from an image file, in the file's own bit depth.

The kind of file is told by its suffix; another format is one more entry in `READERS`.
"""

import dataclasses
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import tifffile

from cellpheno.errors import StudyError

Channel = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float32]
Pixels = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class RawField:
    """A field of view as its files hold it.

    Attributes
    ----------
    channels
        Channel name: [height, width], uint8, uint16 or float32 as in its file.
    content
        Fingerprint of the files: equal for equal bytes.
    pixel_size_um
        Side of a pixel in µm, NaN when no file tells it.
    """

    channels: dict[str, Channel]
    content: str
    pixel_size_um: float


def read_field(
    row: Mapping[str, str], channels: Sequence[str], settings: Mapping[str, Any]
) -> RawField:
    """Read the channels of one field of view.

    Parameters
    ----------
    row
        Of the sample sheet: channel name to path.
    channels
        Names of the channels, in the study's order.
    settings
        The config's section `image_files`.

    Raises
    ------
    StudyError
        When a file is missing, damaged, of an unknown kind or not clear about its channels.
    """
    contents = {name: read_bytes(row[name]) for name in channels}
    return RawField(
        channels={name: read_channel(row[name], contents[name]) for name in channels},
        content=fingerprint(contents.values()),
        pixel_size_um=float("nan"),
    )


def fingerprint(contents: Iterable[bytes]) -> str:
    """Return the SHA-256 of the files of a field, in the order of its channels."""
    digest = hashlib.sha256()
    for content in contents:
        # the length keeps apart what is divided differently between files
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return f"sha256:{digest.hexdigest()}"


def read_channel(path: str | Path, content: bytes | None = None) -> Channel:
    """Read an image file as one grey channel.

    A file in colour (RGB, RGBA, a PNG with a palette) gives its luminance,
    0.299 red + 0.587 green + 0.114 blue; its opacity is passed over. A TIFF with a palette
    gives its values, because there the palette only says how they are shown.

    Parameters
    ----------
    path
        TIFF, PNG, JPEG or BMP.
    content
        The bytes of the file, if they have been read already.

    Returns
    -------
    array
        [height, width], uint8, uint16 or float32 as in the file. Integers of other types that
        fit become uint16, other floating-point numbers float32.

    Raises
    ------
    StudyError
        When the file is missing, empty, cut short, of an unknown kind, holds more than one
        channel, or holds values that are not finite or do not fit.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise StudyError(
            f"{path} is not of a kind that can be read ({', '.join(READERS)}); convert it."
        )
    if content is None:
        content = read_bytes(path)
    if not content:
        raise StudyError(f"{path} is empty (0 bytes); copy it again from its source.")
    pixels = reader(path, content)
    if not pixels.size:
        raise StudyError(f"{path} holds an image without pixels; copy it again from its source.")
    return _with_known_dtype(pixels if pixels.ndim == 2 else _luminance(pixels, path), path)


def read_bytes(path: str | Path) -> bytes:
    """Return the content of a file.

    Raises
    ------
    StudyError
        When the file is missing or cannot be opened.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise StudyError(f"{path} cannot be opened: {error.strerror}.") from error


def _read_tiff(path: Path, content: bytes) -> Pixels:
    """Return the only image of a TIFF, [height, width] or [height, width, colours]."""
    try:
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            series = file.series[0]
            count, axes, pixels = len(file.series), series.axes, series.asarray()
    except Exception as error:  # tifffile and its codecs raise whatever they run into
        raise StudyError(
            f"{path} cannot be read as TIFF ({error}); copy it again from its source."
        ) from error
    kept = [axis for axis in range(pixels.ndim) if pixels.shape[axis] > 1 or axes[axis] in "YX"]
    axes = "".join(axes[axis] for axis in kept)
    pixels = pixels.reshape([pixels.shape[axis] for axis in kept])
    if axes == "SYX":
        axes, pixels = "YXS", np.moveaxis(pixels, 0, -1)
    if count > 1 or axes not in ("YX", "YXS"):
        raise StudyError(
            f"{path} holds {count} images, the first with the axes {axes} {pixels.shape}, where "
            "one channel was expected; save each channel in a file of its own."
        )
    return pixels


def _read_with_opencv(path: Path, content: bytes) -> Pixels:
    """Return a PNG, JPEG or BMP, [height, width] or [height, width, colours], red first."""
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise StudyError(
            f"{path} cannot be read as an image: it is cut short, damaged or of another kind; "
            "copy it again from its source."
        )
    return pixels if pixels.ndim == 2 else pixels[:, :, [2, 1, 0]]


READERS: dict[str, Callable[[Path, bytes], Pixels]] = {
    ".tif": _read_tiff,
    ".tiff": _read_tiff,
    ".png": _read_with_opencv,
    ".jpg": _read_with_opencv,
    ".jpeg": _read_with_opencv,
    ".bmp": _read_with_opencv,
}
"""Suffix: reader, from the file's path and bytes to [height, width] or [height, width, colours]."""


def _luminance(pixels: Pixels, path: Path) -> Channel:
    """Return the luminance (ITU-R BT.601) of an image in colour, in the same dtype."""
    if pixels.shape[2] not in (3, 4):
        raise StudyError(
            f"{path} holds {pixels.shape[2]} samples per pixel, where 1 (grey), 3 or 4 (colour) "
            "were expected; save each channel in a file of its own."
        )
    colours = np.ascontiguousarray(_with_known_dtype(pixels[:, :, :3], path))
    return cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)


def _with_known_dtype(pixels: Pixels, path: Path) -> Channel:
    """Return the pixels as uint8, uint16 or float32, never with other values."""
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype.kind == "f":
        if not np.isfinite(pixels).all():
            raise StudyError(
                f"{path} holds values that are not numbers or infinite; repair or replace it."
            )
        return pixels.astype(np.float32, copy=False)
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
    return pixels.astype(np.uint8 if pixels.dtype == np.uint8 else np.uint16, copy=False)
