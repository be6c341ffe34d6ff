"""Store a shard of converted fields in one file, from which fields can be read one by one.

A shard is an uncompressed `.npz` archive with one uint8 array [height, width, channels] per field:
sizes may differ and memory is bounded by one field. The archive's comment names the channels and
those of the composite.
"""

import contextlib
import io
import json
import zipfile
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from cellpheno.core.errors import StudyError
from cellpheno.core.files import whole
from cellpheno.study.inputs import COLOURS

Image = npt.NDArray[np.uint8]


def write(
    path: str | Path,
    fields: Iterable[tuple[str, Image]],
    channels: Sequence[str] = COLOURS,
    composite: Sequence[str] | None = None,
) -> None:
    """Write named uint8 images [height, width, channels] in order, one in memory at a time.

    `channels` names the planes and `composite` those shown as red, green and blue, by default
    the first three.
    """
    shown = list(channels[:3] if composite is None else composite)
    comment = json.dumps({"channels": list(channels), "composite": shown})
    with whole(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = comment.encode()
        for field, image in fields:
            image = np.ascontiguousarray(image)
            header = io.BytesIO()
            shape = np.lib.format.header_data_from_array_1_0(image)
            np.lib.format.write_array_header_1_0(header, shape)
            entry = zipfile.ZipInfo(f"{field}.npy")  # without a date: equal input, equal bytes
            entry.file_size = header.tell() + image.nbytes  # large entries have another format
            with archive.open(entry, "w") as stream:
                stream.write(header.getbuffer())
                stream.write(image.data)


def names(path: str | Path) -> list[str]:
    """Return the names of the fields in a shard."""
    with _in_words(path), zipfile.ZipFile(path) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


def read(
    path: str | Path,
    wanted: Iterable[Hashable] | None = None,
    channels: Sequence[str] | None = None,
) -> Iterator[tuple[str, Image]]:
    """Yield the wanted fields of a shard, by default all, in the shard's order.

    Images are [height, width, channels], by default the composite; channels may repeat. Wanted
    fields of other shards are ignored.

    Raises a StudyError when the shard is damaged or lacks a channel.
    """
    chosen = None if wanted is None else set(wanted)
    with _in_words(path), np.load(path, allow_pickle=False) as archive:
        planes = _planes(path, archive.zip.comment, channels)
        for name in archive.files:
            if chosen is None or name in chosen:
                yield name, pick(archive[name], planes)


def pick(image: Image, planes: Sequence[int]) -> Image:
    """Return some planes of an image [height, width, channels], in the given order."""
    if list(planes) == list(range(image.shape[2])):
        return image
    picked = np.empty((*image.shape[:2], len(planes)), np.uint8)
    pairs = [number for pair in enumerate(planes) for number in reversed(pair)]
    cv2.mixChannels([image], [picked], pairs)
    return picked


@contextlib.contextmanager
def _in_words(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, EOFError) as error:
        raise StudyError(
            f"The converted fields {path} are truncated or damaged; delete them and run the "
            "workflow again."
        ) from error


def _planes(path: str | Path, comment: bytes, channels: Sequence[str] | None) -> list[int]:
    try:
        held = json.loads(comment)
        wanted = held["composite"] if channels is None else channels
        return [held["channels"].index(channel) for channel in wanted]
    except ValueError as error:
        raise StudyError(
            f"The converted fields {path} lack a channel of {', '.join(channels or COLOURS)}, or "
            "are from an older version; delete them and run the workflow again."
        ) from error
