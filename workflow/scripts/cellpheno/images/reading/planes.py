"""What an image file holds: planes by name or number, each at one or several focal depths."""

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
"""Value of `image_files.z_stack` for which slices are channels."""
MAX_PIXELS = 2**26
"""Pixels of a plane that is still a field of view (8,192 x 8,192), and not a slide or a mistake."""
SIZES_UM = (1e-4, 1e3)
"""Sides of a pixel that a microscope can have, µm."""


@dataclasses.dataclass(frozen=True)
class Planes:
    """An opened image file.

    Attributes
    ----------
    path
        For messages.
    names
        Of the planes, in the file's order; empty where the file tells none.
    default
        The planes that are meant when the config names none: one, or red, green and blue
        together; none when the file does not say.
    read
        Gives the pixels [height, width] of a plane in a slice, both counted from 0.
    depth
        Number of slices: focal planes, or points of time.
    stack
        What the slices are: `FOCAL` or `TIME`.
    slices
        Names of the slices, as `names`; none where the file tells none.
    pixel_size_um
        Side of a pixel in µm, NaN when the file does not tell.
    faults
        What is wrong with the file's metadata, in a few words each; the pixels are sound.
    """

    path: Path
    names: tuple[str, ...]
    default: tuple[int, ...]
    read: Read
    depth: int = 1
    stack: str = FOCAL
    slices: tuple[str, ...] = ()
    pixel_size_um: float = math.nan
    faults: tuple[str, ...] = ()


def chosen(planes: Planes, wanted: str | int | None, channel: str) -> tuple[int, ...]:
    """Return which planes of a file make a channel: one, or three in colour.

    Parameters
    ----------
    planes
        The file.
    wanted
        Name, or number counted from 1, of the plane; None when the config names none.
    channel
        Name of the channel, for messages.

    Raises
    ------
    StudyError
        When the file has several planes and none is named, or not the one that is, or twice.
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
    """Return the planes of a file with its slices as `image_files.z_stack` says.

    Parameters
    ----------
    planes
        The file.
    wanted
        The planes that the config asks for.
    z_stack
        `channels` makes each slice a plane of its own, in a file of one channel; anything else
        leaves the slices for `focused` to combine.

    Raises
    ------
    StudyError
        When slices are to be channels in a file that has channels already, or when more planes
        are asked for than a file of one channel has, which has slices.
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
    """Return one image [height, width] of a plane, in the file's dtype.

    Parameters
    ----------
    planes
        The file, of `arranged`.
    plane
        Counted from 0.
    z_stack
        What is done with several focal planes: `refuse`; `max`, the largest value of each pixel;
        `mean`, rounded where the file holds integers; `middle`, the earlier one of two.

    Raises
    ------
    StudyError
        When there are several focal planes and they are to be refused, or several points of time.
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
    """Refuse what is declared too large to be a field of view, before memory is taken for it.

    Raises
    ------
    StudyError
        When an image has no pixels or more than `MAX_PIXELS`.
    """
    if height * width == 0:
        raise StudyError(f"{path} holds an image without pixels; copy it again from its source.")
    if height * width > MAX_PIXELS:
        raise StudyError(
            f"{path} declares an image of {width} x {height} px, where at most {MAX_PIXELS:,} "
            "pixels were expected of a field of view; the file is damaged, or must be cut into "
            "fields."
        )


def refuse_turned(path: Path, orientation: object) -> None:
    """Refuse an image that is stored turned or mirrored: EXIF and TIFF tag 274, 2 to 8.

    Raises
    ------
    StudyError
        For such an image; any other value, or none, leaves it as it is.
    """
    if isinstance(orientation, int) and 2 <= orientation <= 8:
        raise StudyError(
            f"{path} is stored turned (orientation {orientation}), which some programs undo and "
            "others do not, so that boxes drawn on it may lie elsewhere; save it upright, without "
            "the orientation."
        )


@contextlib.contextmanager
def refusing(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a library raises on a damaged file into one sentence.

    Raises
    ------
    StudyError
        For any exception within.
    """
    try:
        yield
    except StudyError:
        raise
    except Exception as error:  # the libraries and their codecs raise whatever they run into
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise StudyError(
            f"{path} cannot be read as {kind} ({reason}); copy it again from its source."
        ) from error


def pixel_size(x_um: float, y_um: float) -> tuple[float, tuple[str, ...]]:
    """Return the side of a pixel in µm and what is wrong with it.

    It is NaN when neither side is known, they differ by over 1 %, or no microscope has it.
    """
    known = [side for side in (x_um, y_um) if math.isfinite(side) and side > 0]
    least, most = SIZES_UM
    absurd = [side for side in known if not least <= side <= most]
    if absurd:
        return math.nan, (f"its pixel size of {absurd[0]:.3g} um counts as unknown",)
    same = known and max(known) <= 1.01 * min(known)
    return (float(known[0]) if same else math.nan), ()
