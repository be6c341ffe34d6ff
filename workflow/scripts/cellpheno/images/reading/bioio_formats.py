"""Read ND2, OME-Zarr and CZI through the readers of the bioio project.

They are imported only when needed, because that takes seconds.
"""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from cellpheno.core.errors import StudyError
from cellpheno.images.reading.planes import (
    COLOURS,
    FOCAL,
    TIME,
    Pixels,
    Planes,
    check_size,
    pixel_size,
    refusing,
)
from cellpheno.images.reading.tiff_metadata import MICROMETRES

Opener = Callable[[Path, BinaryIO | None], contextlib.AbstractContextManager[Planes]]
ZARR_UNITS = {"micrometer": "µm", "nanometer": "nm", "millimeter": "mm", "angstrom": "Å"}


@contextlib.contextmanager
def nd2(path: Path, handle: BinaryIO | None) -> Iterator[Planes]:
    """Open an ND2 file of Nikon's NIS-Elements."""
    from bioio_nd2 import Reader

    with refusing(path, "ND2"):
        reader = Reader(path)
        planes = _planes(path, reader, "ND2", unit_um=1.0)
    yield planes


@contextlib.contextmanager
def ome_zarr(path: Path, handle: BinaryIO | None) -> Iterator[Planes]:
    """Open an OME-Zarr folder of one image at its highest resolution."""
    from bioio_ome_zarr import Reader

    with refusing(path, "OME-Zarr"):
        reader = Reader(path)
        planes = _planes(path, reader, "OME-Zarr", _zarr_unit_um(reader.metadata.attributes))
    yield planes


@contextlib.contextmanager
def czi(path: Path, handle: BinaryIO | None) -> Iterator[Planes]:
    """Open a Zeiss CZI file if its reader, under the GPL, is installed."""
    try:
        from bioio_czi import Reader
    except ImportError as error:
        raise StudyError(
            f"{path} is a CZI file, whose reader is under the GPL and not installed with this "
            "software; install bioio-czi into the environment of the images, or export OME-TIFF."
        ) from error
    with refusing(path, "CZI"):
        reader = Reader(path)
        planes = _planes(path, reader, "CZI", unit_um=1.0)
    yield planes


def _planes(path: Path, reader: Any, kind: str, unit_um: float) -> Planes:
    """Return the planes of a file opened by bioio, whose pixels are read on request."""
    if len(reader.scenes) != 1:
        raise StudyError(
            f"{path} holds {len(reader.scenes)} positions or images, where one field was expected; "
            "export each to a file of its own, one row of the sample sheet each."
        )
    data = reader.xarray_dask_data
    sizes = dict(zip(map(str, data.dims), data.shape, strict=True))
    _check_axes(path, sizes)
    stack, axis_of_stack = (TIME, "T") if sizes.get("T", 1) > 1 else (FOCAL, "Z")
    depth, colours = sizes.get(axis_of_stack, 1), sizes.get("S", 1)
    names = tuple(str(name).strip() for name in reader.channel_names or ())
    if len(names) != sizes.get("C", 1):
        names = ("",) * sizes.get("C", 1)
    axis = "C"
    default: tuple[int, ...] = (0,) if len(names) == 1 else ()
    if colours > 1:
        axis, names, default = "S", COLOURS, (0, 1, 2)

    def read(plane: int, z: int) -> Pixels:
        at = {"T": 0, "C": 0, "Z": 0} | {axis_of_stack: z, axis: plane}
        with refusing(path, kind):
            chosen = data.isel(at, missing_dims="ignore").transpose("Y", "X").data
            return chosen.compute(scheduler="synchronous")

    sides = reader.physical_pixel_sizes
    known = sides is not None and sides.X is not None and sides.Y is not None
    x_um, y_um = (sides.X * unit_um, sides.Y * unit_um) if known else (math.nan, math.nan)
    size, faults = pixel_size(x_um, y_um)
    return Planes(path, names, default, read, depth, stack, pixel_size_um=size, faults=faults)


def _check_axes(path: Path, sizes: Mapping[str, int]) -> None:
    check_size(path, sizes["Y"], sizes["X"])
    odd = [axis for axis, size in sizes.items() if size > 1 and axis not in "TCZYXS"]
    slices = {axis for axis in "TZ" if sizes.get(axis, 1) > 1}
    colours = sizes.get("S", 1)
    mixed = colours > 1 and (colours not in (3, 4) or sizes.get("C", 1) > 1)
    if odd or mixed or len(slices) > 1:
        found = ", ".join(f"{axis} {size}" for axis, size in sizes.items())
        raise StudyError(
            f"{path} holds an image with the axes {found}, where channels and slices of one field "
            "were expected; export them to files of their own."
        )


def _zarr_unit_um(attributes: Mapping[str, Any]) -> float:
    """Return the length of the unit of width and height in µm, NaN when it is not stated."""
    multiscales = attributes.get("ome", attributes)["multiscales"]
    units = {axis.get("unit") for axis in multiscales[0]["axes"] if axis["name"].upper() in "YX"}
    unit = str(units.pop()) if len(units) == 1 else ""
    return MICROMETRES.get(ZARR_UNITS.get(unit, unit), math.nan)
