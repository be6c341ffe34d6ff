"""Choose and combine the planes of an image file."""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cellpheno.core.errors import StudyError

Pixels = npt.NDArray[Any]
Read = Callable[[int, int], Pixels]
COLOURS = ("red", "green", "blue")
FOCAL, TIME = "focal planes", "points of time"
CHANNELS = "channels"
"""Value of `image_files.z_stack` that makes slices channels."""
MAX_PIXELS = 2**26
"""Largest number of pixels (8,192 x 8,192) of a field of view; a slide or a mistake has more."""
SIZES_UM = (1e-4, 1e3)
"""Possible pixel sizes of a microscope, µm."""


@dataclasses.dataclass(frozen=True)
class Planes:
    """An opened image file."""

    path: Path
    names: tuple[str, ...]
    """Names of the planes in the file's order, "" if unknown."""
    default: tuple[int, ...]
    """Planes to use if the config names none: one, or red, green and blue; none if unclear."""
    read: Read
    """Returns the pixels [height, width] of a plane in a slice, both counted from 0."""
    depth: int = 1
    """Number of slices."""
    stack: str = FOCAL
    """Meaning of the slices, `FOCAL` or `TIME`."""
    slices: tuple[str, ...] = ()
    """Names of the slices, if known."""
    pixel_size_um: float = math.nan
    """Side of a pixel in µm, NaN if unknown."""
    faults: tuple[str, ...] = ()
    """Faults of the file's metadata, in a few words each; the pixels are intact."""


def chosen(planes: Planes, wanted: str | int | None, channel: str) -> tuple[int, ...]:
    """Return the planes of a file that form a channel: one, or three in colour.

    `wanted` is the name or number (from 1) of the plane in the config, if any.

    Raises a StudyError when the file has several planes and none is named, or not exactly one has
    that name.
    """
    if wanted is None:
        if planes.default:
            return planes.default
        raise StudyError(
            f"{planes.path} holds several planes ({_listed(planes)}), where one was expected; say "
            f"in image_files.planes which one is the channel {channel}."
        )
    if isinstance(wanted, int):
        found = [wanted - 1] if 1 <= wanted <= len(planes.names) else []
    else:
        found = [number for number, name in enumerate(planes.names) if name == wanted]
    if len(found) == 1:
        return tuple(found)
    amount = "several planes" if found else "no plane"
    faults = f" ({'; '.join(planes.faults)})" if planes.faults else ""
    raise StudyError(
        f"{planes.path} holds {amount} {wanted!r}, which image_files.planes asks for as the "
        f"channel {channel}; it holds {_listed(planes)}{faults}: correct the entry, or give a "
        "number."
    )


def _listed(planes: Planes) -> str:
    count = len(planes.names)
    if any(planes.names):
        return ", ".join(f"{n} {name!r}" for n, name in enumerate(planes.names[:20], 1))
    return f"number 1 to {count}, without names" if count > 1 else "number 1, without a name"


def arranged(planes: Planes, wanted: Collection[str | int], z_stack: str) -> Planes:
    """Return the planes of a file, whose slices become planes if `z_stack` is `channels`.

    Raises a StudyError when a file with several channels should have its slices as channels, or a
    file with slices has fewer planes than wanted.
    """
    count, depth = len(planes.names), planes.depth
    if depth == 1:
        return planes
    held = f"{planes.path} holds {count} channel{'s'[: count > 1]} at {depth} {planes.stack}"
    if z_stack == CHANNELS:
        if count > 1:
            raise StudyError(
                f"{held}, but image_files.z_stack: channels is for files of one channel; use "
                "another value, or save each image in a file of its own."
            )
        names = planes.slices or ("",) * depth
        return dataclasses.replace(
            planes, names=names, default=(), depth=1, read=lambda plane, z: planes.read(0, plane)
        )
    beyond = [
        wish
        for wish in wanted
        if wish in planes.slices[1:] or (isinstance(wish, int) and wish > count)
    ]
    if count == 1 and (beyond or len(wanted) > 1):
        raise StudyError(
            f"{held}, but image_files.planes asks for more; if the {planes.stack} are the "
            "channels, set image_files.z_stack: channels."
        )
    return planes


def focused(planes: Planes, plane: int, z_stack: str) -> Pixels:
    """Return one image [height, width] of a plane (from 0) of `arranged`, in the file's dtype.

    `z_stack` combines several focal planes: `max`, `mean` (rounded for integers), `middle` (the
    earlier of two), or `refuse`.

    Raises a StudyError for several focal planes if they are to be refused, and for several time
    points.
    """
    if planes.depth == 1:
        return planes.read(plane, 0)
    if planes.stack == TIME:
        raise StudyError(
            f"{planes.path} holds a time series of {planes.depth} points, where one field was "
            "expected; save the points that you want in files of their own, one row of the sample "
            "sheet each, or set image_files.z_stack: channels if they are the channels."
        )
    if z_stack == "refuse":
        raise StudyError(
            f"{planes.path} holds a stack of {planes.depth} focal planes, where one was expected; "
            "set image_files.z_stack to max, mean or middle, or to channels if they are the "
            "channels."
        )
    if z_stack == "middle":
        return planes.read(plane, (planes.depth - 1) // 2)
    result = planes.read(plane, 0)
    if z_stack == "max":
        for z in range(1, planes.depth):
            result = np.maximum(result, planes.read(plane, z))
        return result
    total = result.astype(np.float64)
    for z in range(1, planes.depth):
        total += planes.read(plane, z)
    total /= planes.depth
    return (total if result.dtype.kind == "f" else np.rint(total)).astype(result.dtype)


def check_size(path: Path, height: int, width: int) -> None:
    """Raise a StudyError for an image without pixels or with more than `MAX_PIXELS` declared."""
    if height * width == 0:
        raise StudyError(f"{path} holds an image without pixels; copy it again from its source.")
    if height * width > MAX_PIXELS:
        raise StudyError(
            f"{path} declares an image of {width} x {height} px, where at most {MAX_PIXELS:,} "
            "pixels were expected of a field of view; the file is damaged, or must be cut into "
            "fields."
        )


def refuse_turned(path: Path, orientation: object) -> None:
    """Raise a StudyError for a turned or mirrored image: EXIF and TIFF orientation 2 to 8."""
    if isinstance(orientation, int) and 2 <= orientation <= 8:
        raise StudyError(
            f"{path} is stored turned (orientation {orientation}), which some programs undo and "
            "others do not, so that boxes drawn on it may lie elsewhere; save it upright, without "
            "the orientation."
        )


@contextlib.contextmanager
def refusing(path: Path, kind: str) -> Iterator[None]:
    """Turn any exception from a library into a StudyError."""
    try:
        yield
    except StudyError:
        raise
    except Exception as error:  # the libraries and their codecs raise all kinds of errors
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise StudyError(
            f"{path} cannot be read as {kind} ({reason}); copy it again from its source."
        ) from error


def pixel_size(x_um: float, y_um: float) -> tuple[float, tuple[str, ...]]:
    """Return the side of a pixel in µm and its faults.

    It is NaN when unknown, when the sides differ by over 1 %, or when no microscope has it.
    """
    known = [side for side in (x_um, y_um) if math.isfinite(side) and side > 0]
    least, most = SIZES_UM
    absurd = [side for side in known if not least <= side <= most]
    if absurd:
        return math.nan, (f"its pixel size of {absurd[0]:.3g} um counts as unknown",)
    same = known and max(known) <= 1.01 * min(known)
    return (float(known[0]) if same else math.nan), ()
