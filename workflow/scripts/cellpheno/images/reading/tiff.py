"""Read TIFF files: single and multi-page, OME-TIFF, ImageJ, MetaMorph, grey and colour."""

import contextlib
import dataclasses
import functools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import imagecodecs
import numpy as np
import numpy.typing as npt
import tifffile

from cellpheno.core.errors import StudyError
from cellpheno.images.reading import tiff_metadata
from cellpheno.images.reading.planes import (
    COLOURS,
    FOCAL,
    TIME,
    Pixels,
    Planes,
    Read,
    check_size,
    refuse_turned,
    refusing,
)

JPEG = (tifffile.COMPRESSION.JPEG, tifffile.COMPRESSION.OJPEG)
PLAIN: dict[str, Any] = {"is_ome": False, "is_imagej": False, "is_shaped": False}
"""Makes tifffile ignore descriptions."""
INDEX = "index"
"""Plane of a palette file with the values, not the colours that display them."""
MOST_BYTES = 2**28
"""Largest file for libtiff, which needs it in memory."""
OPACITY = (tifffile.EXTRASAMPLE.ASSOCALPHA, tifffile.EXTRASAMPLE.UNASSALPHA)


@contextlib.contextmanager
def opened(path: Path, handle: BinaryIO) -> Iterator[Planes]:
    """Open a TIFF, of which only requested pages are decoded.

    Planes are the channels, named by OME or ImageJ; the pages, if the file does not describe
    them; or the samples of a pixel, such as red, green and blue. A palette only displays values,
    so the values are the plane `index` and the default.

    Raises a StudyError when the file is damaged, incomplete, declared too large, or not a field of
    view: several images, a time series, colours in several pages.
    """
    with contextlib.ExitStack() as stack:
        with refusing(path, "TIFF"):
            file = stack.enter_context(tifffile.TiffFile(handle, _multifile=False))
            _check_pages(path, file)
            fault = tiff_metadata.fault(file)
            if fault and tiff_metadata.may_be_several(file):
                raise StudyError(
                    f"{path} holds several images or lacks some, and {fault}, so that nothing says "
                    "which is which; save it again from Fiji or the program that made it."
                )
            if fault:
                handle.seek(0)
                file = stack.enter_context(tifffile.TiffFile(handle, _multifile=False, **PLAIN))
            planes = _planes(path, file, [fault] if fault else [])
        yield planes


@dataclasses.dataclass(frozen=True)
class _Pages:
    """The pages of a TIFF by plane and focal depth; `numbers` is [planes, depths]."""

    path: Path
    file: tifffile.TiffFile
    series: tifffile.TiffPageSeries
    numbers: npt.NDArray[np.int64]

    def read(self, plane: int, z: int) -> Pixels:
        """Return a page, [height, width] or [height, width, samples]."""
        key = self.series.keyframe
        with refusing(self.path, "TIFF"):
            pixels = self._decoded(int(self.numbers[plane, z]))
            if key.axes == "SYX":
                pixels = np.moveaxis(pixels, 0, -1)
            samples = (key.samplesperpixel,) if key.samplesperpixel > 1 else ()
            return pixels.reshape(key.imagelength, key.imagewidth, *samples)

    def _decoded(self, number: int) -> Pixels:
        series, key = self.series, self.series.keyframe
        if series.dataoffset is not None and len(series.pages) == 1:
            # ImageJ and others describe only the first of contiguous pages
            dtype = np.dtype(key.dtype).newbyteorder(self.file.byteorder)
            start = series.dataoffset + number * key.size * dtype.itemsize
            return self.file.filehandle.read_array(dtype, key.size, start).reshape(key.shape)
        page = series.pages[number]
        if page is None:
            raise StudyError(
                f"{self.path} lacks page {number + 1} of {len(series.pages)}, which another file "
                "may hold; save all pages in one file."
            )
        self._check_whole(page)
        quick = self._by_libtiff(page)
        return page.asarray() if quick is None else quick

    def _by_libtiff(self, page: tifffile.TiffPage | tifffile.TiffFrame) -> Pixels | None:
        """Decode a single-page LZW file in half of the time, or return None.

        It is None also if libtiff refuses the file, because tifffile explains why.
        """
        grey = self.series.keyframe.samplesperpixel == 1
        packed = page.compression == tifffile.COMPRESSION.LZW and grey
        handle = self.file.filehandle
        alone = len(self.file.pages) == 1 and handle.size < MOST_BYTES
        if not (packed and alone and imagecodecs.TIFF.available):
            return None
        handle.seek(0)
        try:
            pixels = imagecodecs.tiff_decode(handle.read(), index=0)
        except imagecodecs.TiffError:
            return None
        same = pixels.shape == page.shape and pixels.dtype == page.dtype
        return pixels if same else None

    def _check_whole(self, page: tifffile.TiffPage | tifffile.TiffFrame) -> None:
        size = self.file.filehandle.size
        parts = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        if not parts or any(count <= 0 or start + count > size for start, count in parts):
            raise StudyError(
                f"{self.path} is cut short: {size} bytes do not hold all its pixels; copy it "
                "again from its source."
            )


def _check_pages(path: Path, file: tifffile.TiffFile) -> None:
    """Refuse pages that are stored turned, and circular lists of pages."""
    seen: set[int] = set()
    for page in file.pages:
        if page.offset in seen:
            raise StudyError(f"{path} is damaged: its pages form a circle; copy it again.")
        seen.add(page.offset)
        refuse_turned(path, page.aspage().tags.valueof("Orientation"))


def _planes(path: Path, file: tifffile.TiffFile, faults: Sequence[str]) -> Planes:
    if len(file.series) != 1:
        raise StudyError(
            f"{path} holds {len(file.series)} images of different kind or place, where one field "
            "was expected; save each in a file of its own."
        )
    series = file.series[0]
    key = series.keyframe
    check_size(path, key.imagelength, key.imagewidth)
    if key.axes not in ("YX", "YXS", "SYX") or key.samplesperpixel > 64:
        raise StudyError(
            f"{path} holds pages with the axes {key.axes} {key.shape}, where height and width were "
            "expected; save it as ordinary pages."
        )
    numbers, stack = _page_numbers(path, series)
    metadata = tiff_metadata.read(file, numbers, faults)
    pages = _Pages(path, file, series, numbers)
    names, read = metadata.names, cast(Read, pages.read)
    default: tuple[int, ...] = (0,) if len(names) == 1 else ()
    if key.samplesperpixel > 1:
        names, default, read = _samples(pages, key)
    elif len(numbers) == 1 and key.photometric == tifffile.PHOTOMETRIC.PALETTE:
        names, default, read = (INDEX, *COLOURS), (0,), _palette(pages, key)
    depth, size = numbers.shape[1], metadata.pixel_size_um
    return Planes(path, names, default, read, depth, stack, metadata.slices, size, metadata.faults)


def _page_numbers(path: Path, series: tifffile.TiffPageSeries) -> tuple[npt.NDArray[np.int64], str]:
    """Return the page of each plane and slice, [planes, slices], and the meaning of slices."""
    axes, shape = series.get_axes(False), series.get_shape(False)
    every = list(zip(axes, shape, strict=True))
    outer = [(axis, size) for axis, size in every if axis not in "YXS"]
    page = every[min(axes.find(axis) for axis in "YS" if axis in axes) :]
    interleaved = any(size > 1 and axis not in "YXS" for axis, size in page)
    long = {axis for axis, size in outer if size > 1}
    if interleaved or long - set("CIQZT") or {"Z", "T"} <= long:
        raise StudyError(
            f"{path} holds an image with the axes {axes} {shape}, where channels and slices of one "
            "field were expected; save the fields in files of their own, one row of the sample "
            "sheet each."
        )
    sizes = [size for _, size in outer]
    numbers = np.arange(math.prod(sizes)).reshape(sizes)
    slices = [place for place, (axis, _) in enumerate(outer) if axis in "ZT"]
    depth = math.prod(sizes[place] for place in slices)
    pages = np.moveaxis(numbers, slices, range(-len(slices), 0)).reshape(-1, depth)
    return pages, TIME if "T" in long else FOCAL


def _samples(
    pages: _Pages, key: tifffile.TiffPage
) -> tuple[tuple[str, ...], tuple[int, ...], Read]:
    """Return names, default and reader of the planes of a file with several samples per pixel."""
    if len(pages.numbers) > 1:
        raise StudyError(
            f"{pages.path} holds {len(pages.numbers)} images in colour, where one was expected; "
            "save each channel as one grey plane."
        )
    read = functools.lru_cache(maxsize=1)(functools.partial(pages.read, 0))
    count = key.samplesperpixel - sum(extra in OPACITY for extra in key.extrasamples)
    colour = key.photometric == tifffile.PHOTOMETRIC.RGB or (
        key.photometric == tifffile.PHOTOMETRIC.YCBCR and key.compression in JPEG
    )
    grey = key.photometric in (
        tifffile.PHOTOMETRIC.MINISBLACK,
        tifffile.PHOTOMETRIC.MINISWHITE,
    )
    if not grey and not (colour and key.samplesperpixel in (3, 4)):
        raise StudyError(
            f"{pages.path} holds {key.samplesperpixel} samples per pixel of the kind "
            f"{getattr(key.photometric, 'name', key.photometric)}, where grey or red, green and "
            "blue were expected; save it as RGB."
        )
    names = COLOURS if colour else ("",) * count
    default = (0, 1, 2) if colour else (0,) if count == 1 else ()
    return names, default, lambda p, z: read(z)[..., p]


def _palette(pages: _Pages, key: tifffile.TiffPage) -> Read:
    """Return the reader of a file with a palette: values, then their 16-bit colours."""

    def read(plane: int, z: int) -> Pixels:
        values = pages.read(0, z)
        if plane == 0:
            return values
        with refusing(pages.path, "TIFF"):
            return np.asarray(key.colormap)[plane - 1][values]

    return read
