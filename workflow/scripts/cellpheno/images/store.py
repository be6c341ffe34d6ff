"""A shard of converted fields on disk: one file, any field read alone.

A shard is a NumPy `.npz` archive without compression, one uint8 array [height, width, 3] per
field, so fields of different sizes may lie together and memory is bounded by one field.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cellpheno.files import whole

Image = npt.NDArray[np.uint8]


def write(path: str | Path, fields: Iterable[tuple[str, Image]]) -> None:
    """Write fields, in the order given, one in memory at a time."""
    with whole(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for field, image in fields:
            image = np.ascontiguousarray(image)
            header = io.BytesIO()
            shape = np.lib.format.header_data_from_array_1_0(image)
            np.lib.format.write_array_header_1_0(header, shape)
            entry = zipfile.ZipInfo(f"{field}.npy")  # without a date: equal input, equal bytes
            entry.file_size = header.tell() + image.nbytes  # large ones need another kind of entry
            with archive.open(entry, "w") as stream:
                stream.write(header.getbuffer())
                stream.write(image.data)


def names(path: str | Path) -> list[str]:
    """Return the names of the fields in a shard."""
    with zipfile.ZipFile(path) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


def read(path: str | Path, wanted: Iterable[str] | None = None) -> Iterator[tuple[str, Image]]:
    """Yield the wanted fields of a shard (all when None), in the shard's order.

    Wanted fields that lie in other shards are passed over.
    """
    chosen = None if wanted is None else set(wanted)
    with np.load(path, allow_pickle=False) as archive:
        for name in archive.files:
            if chosen is None or name in chosen:
                yield name, archive[name]
